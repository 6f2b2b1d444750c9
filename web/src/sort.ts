// The columns of a table, and rows in the order of one.
import type { ComponentChildren } from "preact";

export interface Column<T> {
  key: string;
  title: string;
  /** What it is sorted by, and what stands in a file. */
  value: (row: T) => string | number;
  /** What is shown, where that is more than the value. */
  cell?: (row: T) => ComponentChildren;
  width: number;
  number?: boolean;
  hidden?: boolean;
  about?: string;
}

/** Rows in an order. */
export function sorted<T>(rows: T[], column: Column<T> | undefined, down: boolean): T[] {
  if (column === undefined) return rows;
  const turn = down ? -1 : 1;
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const keyed = rows.map((row, at) => ({ row, at, key: column.value(row) }));
  keyed.sort((one, other) => {
    const order = typeof one.key === "number" && typeof other.key === "number"
      ? (Number.isNaN(one.key) ? Infinity : one.key) - (Number.isNaN(other.key) ? Infinity : other.key) || 0
      : compare(String(one.key), String(other.key));
    return order * turn || one.at - other.at;
  });
  return keyed.map(({ row }) => row);
}

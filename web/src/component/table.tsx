// A long table: sorted, filtered in the API's language, with columns to choose; only the rows in sight exist.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { change, go, word } from "../route";
import { csv } from "../csv";
import { sorted, type Column } from "../sort";
export type { Column };
import { counted } from "../number";
import { Copy, save } from "./part";

interface Props<T> {
  name: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  /** Where a row leads. */
  to?: (row: T) => string;
  /** The order at first: a column's key, with `-` before it for the largest first. */
  order: string;
  empty: ComponentChildren;
}

const ABOVE = 8;

function kept(name: string): string[] | null {
  try {
    const text = localStorage.getItem(`tapmap-columns-${name}`);
    return text === null ? null : text.split(",");
  } catch {
    return null;
  }
}

export function Table<T>({ name, columns, rows, id, to, order: first, empty }: Props<T>): VNode {
  const [chosen, choose] = useState<string[]>(() => kept(name) ?? columns.filter((column) => column.hidden !== true).map((column) => column.key));
  const [menu, openMenu] = useState(false);
  const order = word("sort") === "" ? first : word("sort");
  const down = order.startsWith("-");
  const by = order.replace(/^-/, "");
  const shown = columns.filter((column) => chosen.includes(column.key));
  const ordered = useMemo(() => sorted(rows, columns.find((column) => column.key === by), down), [rows, by, down]);

  const show = (key: string, on: boolean): void => {
    const next = on ? [...chosen, key] : chosen.filter((other) => other !== key);
    choose(next);
    try {
      localStorage.setItem(`tapmap-columns-${name}`, next.join(","));
    } catch {
      // A browser that keeps nothing shows the usual columns the next time.
    }
  };
  const text = (separator: string): string => csv(shown.map((column) => column.title), ordered.map((row) => shown.map((column) => column.value(row))), separator);
  return <>
    <div class="table-tools">
      <span class="said" role="status">{counted(rows.length, name.replace(/ies$/, "y").replace(/s$/, ""), name)}</span>
      <Copy label="Copy" text={() => text("\t")} />
      <button type="button" onClick={() => { save(`${name}.csv`, "text/csv", text(",")); }}>CSV</button>
      <button type="button" onClick={() => { save(`${name}.json`, "application/json", JSON.stringify(ordered, null, 1)); }}>JSON</button>
      <div class="menu">
        <button type="button" aria-expanded={menu} onClick={() => { openMenu(!menu); }}>Columns</button>
        {menu && <div role="group" aria-label="Columns">
          {columns.map((column) => <label key={column.key}>
            <input type="checkbox" checked={chosen.includes(column.key)} onChange={(event) => { show(column.key, event.currentTarget.checked); }} />
            {column.title}
          </label>)}
        </div>}
      </div>
    </div>
    {rows.length === 0 ? <div class="table-frame">{empty}</div>
      : <Frame name={name} columns={shown} rows={ordered} id={id} {...(to && { to })} by={by} down={down} />}
  </>;
}

interface FrameProps<T> {
  name: string; columns: Column<T>[]; rows: T[]; id: (row: T) => string; to?: (row: T) => string; by: string; down: boolean;
}

function Frame<T>({ name, columns, rows, id, to, by, down }: FrameProps<T>): VNode {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  const [size, setSize] = useState(30);
  const [current, setCurrent] = useState<number | null>(null);

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const measure = (): void => {
      setHeight(element.clientHeight);
      setSize(Number.parseFloat(getComputedStyle(element).getPropertyValue("--row")) || 30);
    };
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => { watcher.disconnect(); };
  }, []);
  useEffect(() => {
    frame.current?.scrollTo({ top: 0 });
    setCurrent(null);
  }, [by, down]);

  const from = Math.max(0, Math.floor(top / size) - ABOVE);
  const until = Math.min(rows.length, Math.ceil((top + height) / size) + ABOVE);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const sort = (column: Column<T>): void => {
    const turned = column.key === by ? !down : column.number === true;
    change({ sort: `${turned ? "-" : ""}${column.key}` });
  };
  const key = (event: KeyboardEvent): void => {
    const element = frame.current;
    if (element === null || event.target !== element) return;
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    const row = current === null ? undefined : rows[current];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.min(rows.length - 1, Math.max(0, (current ?? -1) + step));
      setCurrent(next);
      const place = next * size;
      if (place < element.scrollTop + size) element.scrollTop = Math.max(0, place - size);
      else if (place + 2 * size > element.scrollTop + height) element.scrollTop = place + 2 * size - height + 20;
    } else if (event.key === "Enter" && row !== undefined && to !== undefined) go(to(row));
  };
  return <div
    class="table-frame" ref={frame} tabIndex={0} role="region" aria-label={`${name}: table, arrow keys choose a row, Enter opens it`}
    onScroll={(event) => { setTop(event.currentTarget.scrollTop); }} onKeyDown={key}>
    <table aria-rowcount={rows.length + 1} style={{ width: `${width}px` }}>
      <colgroup>{columns.map((column) => <col key={column.key} style={{ width: `${column.width}px` }} />)}</colgroup>
      <thead><tr>{columns.map((column) => <th
        key={column.key} scope="col" class={column.number === true ? "number" : ""} title={column.about}
        aria-sort={column.key === by ? (down ? "descending" : "ascending") : undefined}>
        <button type="button" onClick={() => { sort(column); }}>{column.title}{column.key === by && <span aria-hidden="true">{down ? " ↓" : " ↑"}</span>}</button>
      </th>)}</tr></thead>
      <tbody>
        {from > 0 && <tr aria-hidden="true"><td class="space" colSpan={columns.length} style={{ height: `${from * size}px` }} /></tr>}
        {rows.slice(from, until).map((row, at) => <tr
          key={id(row)} data-id={id(row)} aria-rowindex={from + at + 2} class={from + at === current ? "current" : ""}
          onDblClick={() => { if (to !== undefined) go(to(row)); }}>
          {columns.map((column) => <td key={column.key} class={column.number === true ? "number" : ""}>{column.cell?.(row) ?? column.value(row)}</td>)}
        </tr>)}
        {until < rows.length && <tr aria-hidden="true"><td class="space" colSpan={columns.length} style={{ height: `${(rows.length - until) * size}px` }} /></tr>}
      </tbody>
    </table>
  </div>;
}

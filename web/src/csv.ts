// Comma-separated values, as the program itself writes them: a text that a spreadsheet would take for a
// formula gets an apostrophe in front.

const FORMULA = /^[=+\-@\t\r\n]/;

function cell(value: string | number, separator: string): string {
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return text.includes(separator) || /["\n\r]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text;
}

/** A table as text. */
export function csv(head: string[], rows: (string | number)[][], separator = ","): string {
  return [head, ...rows].map((row) => row.map((value) => cell(value, separator)).join(separator)).join("\n") + "\n";
}

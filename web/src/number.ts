// Numbers as people read them.

const groups = new Intl.NumberFormat("en-GB");

/** `12,345`. */
export function count(number: number): string {
  return groups.format(number);
}

/** `1 host`, `3 hosts`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** `1.8 GB`: powers of a thousand, as networks count. */
export function bytes(number: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = number;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

/** `97 %`; never 100 or 0 where it is not quite. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "< 1 %";
  if (share < 1 && share > 0.995) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}

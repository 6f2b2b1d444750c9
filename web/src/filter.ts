// The words of a filter (`host:10.0.0.5 port:443 -proto:tls`): taken apart, put together, quoted.

/** The terms, quotes kept together. */
export function terms(filter: string): string[] {
  return filter.match(/(?:[^\s"]|"(?:\\.|[^"\\])*"?)+/g) ?? [];
}

/** Whether a term stands in a filter. */
export function has(filter: string, term: string): boolean {
  return terms(term).every((one) => terms(filter).includes(one));
}

/** A filter with a term, or without it where it was there. A term takes the place of others of its key. */
export function toggle(filter: string, term: string): string {
  const wanted = terms(term);
  if (has(filter, term)) return terms(filter).filter((one) => !wanted.includes(one)).join(" ");
  const keys = wanted.map((one) => one.replace(/:.*/s, ""));
  return [...terms(filter).filter((one) => !keys.includes(one.replace(/:.*/s, ""))), ...wanted].join(" ");
}

/** A value as it is written after a key. */
export function quoted(value: string): string {
  return /[\s",]|^[~<>]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}

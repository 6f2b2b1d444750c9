// Times as people read them: UTC to the second, the local time beside it on demand.

/** `2026-03-14 10:31:07Z`; with a fraction where it is asked for. */
export function utc(iso: string | null | undefined, fraction = 0): string {
  if (iso === null || iso === undefined || iso.length < 19) return "–";
  const digits = /\.(\d+)/.exec(iso)?.[1] ?? "";
  const shown = fraction > 0 ? `.${digits.padEnd(fraction, "0").slice(0, fraction)}` : "";
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${shown}Z`;
}

/** Only the time of day, with tenths: for stories of one day. */
export function clock(iso: string, fraction = 0): string {
  return utc(iso, fraction).slice(11);
}

/** The same moment in the reader's own zone. */
export function local(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

/** Milliseconds since 1970; nanoseconds are lost, and no picture shows them. */
export function millis(iso: string | null | undefined): number {
  return iso === null || iso === undefined ? Number.NaN : Date.parse(iso);
}

/** A moment of milliseconds in RFC 3339, as the API wants it. */
export function rfc(moment: number): string {
  return new Date(moment).toISOString();
}

/** A length of time: `3 d 4 h`, `2 min`, `0.4 s`. Two units at most. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const units: [string, number][] = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, length]) => seconds >= length);
  let rest = Math.round(seconds);
  const words: string[] = [];
  for (const [name, length] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) words.push(`${count} ${name}`);
  }
  return words.join(" ");
}

/**
 * Takes what people type as a moment: RFC 3339, or `10:04` of a day that is known. Without a zone it is UTC,
 * as every time on the page; what it was taken for is shown. */
export function moment(text: string, day: string | null): string | null {
  const typed = text.trim().replace(" ", "T");
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?Z?$/.exec(typed);
  if (clock !== null) {
    if (day === null) return null;
    return moment(`${day.slice(0, 10)}T${(clock[1] ?? "").padStart(2, "0")}:${clock[2] ?? ""}:${clock[3] ?? "00"}Z`, null);
  }
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(typed) ? typed : `${typed}Z`;
  const date = new Date(zoned);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(".000Z", "Z");
}

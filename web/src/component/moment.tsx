// A moment to ask about: typed as RFC 3339, or as a time of the day that is looked at.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { local, moment, utc } from "../time";

export function Moment({ label, value, day, change }: { label: string; value: string | null; day: string | null; change: (at: string) => void }): VNode {
  const shown = value === null ? "" : utc(value);
  const [text, type] = useState(shown);
  const [wrong, setWrong] = useState(false);
  useEffect(() => { type(shown); }, [shown]);
  const submit = (): void => {
    if (text === shown) return;
    const read = moment(text, day);
    setWrong(read === null);
    if (read !== null) change(read);
  };
  return <form class="moment" onSubmit={(event) => { event.preventDefault(); submit(); }}>
    <label>{label} <input type="text" class="mono" size={21} value={text} aria-invalid={wrong} placeholder="10:04 or 2026-03-14 10:04Z"
      title={value === null ? "UTC" : `${local(value)} here`} onInput={(event) => { type(event.currentTarget.value); }} onBlur={submit} /></label>
    <button type="submit">Ask</button>
    {wrong && <span role="alert" class="small">This is no time: write 10:04, or 2026-03-14 10:04Z.</span>}
  </form>;
}

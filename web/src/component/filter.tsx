// The filter of a list, in the API's language; it stands in the address.
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { change, place } from "../route";
import { has, toggle } from "../filter";

/** A filter that is often wanted. */
export interface Chip { label: string; term: string }

export function Filter({ hint, chips = [] }: { hint: string; chips?: Chip[] }): VNode {
  const said = place.value.query.get("q") ?? "";
  const [text, type] = useState(said);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => { type(said); }, [said]);
  const soon = (next: string): void => {
    type(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => { change({ q: next.trim() }); }, 350);
  };
  return <div class="table-tools">
    <form class="filter" onSubmit={(event) => { event.preventDefault(); window.clearTimeout(timer.current); change({ q: text.trim() }); }}>
      <input type="text" aria-label="Filter" value={text} placeholder={hint} spellcheck={false} autocapitalize="off"
        onInput={(event) => { soon(event.currentTarget.value); }} />
    </form>
    <div class="chips">{chips.map((chip) => <button
      key={chip.term} type="button" aria-pressed={has(said, chip.term)}
      onClick={() => { window.clearTimeout(timer.current); change({ q: toggle(said, chip.term) }); }}>{chip.label}</button>)}</div>
  </div>;
}

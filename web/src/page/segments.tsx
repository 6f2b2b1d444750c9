// Which segment uses which: a heat map, of which each cell leads to its dependencies.
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { ofMap } from "../api/client";
import type { Dependency } from "../api/types";
import { Answered, Empty } from "../component/part";
import { hostOf } from "../id";
import { bytes, count, counted } from "../number";
import { change, href, word } from "../route";
import { matrix, OUTSIDE, type Cell } from "../segment";
import { hosts } from "../state/names";
import { useRows } from "../state/resource";

const MEASURES = { dependencies: "Dependencies", flows: "Flows", bytes: "Bytes", management: "Ways to manage", unanswered: "Without an answer" } as const;
type Measure = keyof typeof MEASURES;
/** Shades; more cannot be told apart. */
const SHADES = 5;

export function SegmentsPage(): VNode {
  const rows = useRows<Dependency>(ofMap("/dependencies"));
  return <>
    <div class="head"><h1>Segments</h1><div class="actions chips">{(Object.keys(MEASURES) as Measure[]).map((name) =>
      <button key={name} type="button" aria-pressed={(word("of") || "dependencies") === name} onClick={() => { change({ of: name }); }}>{MEASURES[name]}</button>)}</div></div>
    <p class="soft">From the rows to the columns: who uses what where. Networks are /24 and /64; a cell opens its dependencies.</p>
    <Answered of={rows}>{(dependencies) => dependencies.length === 0 ? <Empty title="No dependency on this map" /> : <Matrix dependencies={dependencies} />}</Answered>
  </>;
}

/** A filter for the dependencies of a cell. */
export function filterOf(from: string, to: string): string {
  const known = [from, to].filter((name) => name !== OUTSIDE && name !== "other");
  const terms = [from, to].map((name, at) => (known.includes(name) ? `${at === 0 ? "client" : "server"}:${name}` : ""));
  if (from === OUTSIDE && to !== OUTSIDE) terms.push(`-client:${to}`);
  if (to === OUTSIDE && from !== OUTSIDE) terms.push(`-server:${from}`);
  if (from === OUTSIDE || to === OUTSIDE) terms.push("internal:no");
  return terms.filter((term) => term !== "").join(" ");
}

function Matrix({ dependencies }: { dependencies: Dependency[] }): VNode {
  const known = hosts.value;
  const { segments, cells } = useMemo(() => matrix(dependencies, known, hostOf), [dependencies, known]);
  const of = (word("of") || "dependencies") as Measure;
  const most = Math.max(1, ...[...cells.values()].map((cell) => cell[of]));
  const shade = (cell: Cell | undefined): number => (cell === undefined || cell[of] === 0 ? 0 : 1 + Math.floor(((SHADES - 1) * Math.log(cell[of])) / Math.log(most + 1)));
  const shown = (cell: Cell): string => (of === "bytes" ? bytes(cell.bytes) : count(cell[of]));
  return <div class="table-frame plain-frame" tabIndex={0} role="region" aria-label="Segments"><table class="heat">
    <thead><tr><th scope="col">from ↓ to →</th>{segments.map((name) => <th key={name} scope="col" class="mono">{name}</th>)}</tr></thead>
    <tbody>{segments.map((from) => <tr key={from}><th scope="row" class="mono">{from === OUTSIDE ? from : <a href={href("network", from)}>{from}</a>}</th>
      {segments.map((to) => {
        const cell = cells.get(`${from} ${to}`);
        return <td key={to} class={`shade-${shade(cell)}`}>{cell !== undefined && cell[of] > 0 && <a href={href("dependencies", "", { q: filterOf(from, to) })}
          aria-label={`${from} to ${to}: ${shown(cell)} ${MEASURES[of].toLowerCase()}`} title={`${counted(cell.dependencies, "dependency", "dependencies")}, ${counted(cell.flows, "flow")}, ${bytes(cell.bytes)}; ${count(cell.management)} to manage, ${count(cell.unanswered)} without an answer`}>{shown(cell)}</a>}</td>;
      })}</tr>)}</tbody>
  </table></div>;
}

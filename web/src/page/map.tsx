// The map: who talks to whom, in groups where there are many, at any moment of what was watched.
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ofMap, withParameters } from "../api/client";
import type { Dependency } from "../api/types";
import { Filter } from "../component/filter";
import { Answered, Copy, DependencyLink, Empty, Fault, HostLink, save, Some, Tag, Time } from "../component/part";
import { address } from "../id";
import { activeFor, draw, HOSTS_MAX, times, type Drawn, type Grouping, type State, type Wish } from "../map/graph";
import { graphml, svg } from "../map/file";
import { sizeOf, View, type Chosen } from "../map/view";
import { bytes, count, counted } from "../number";
import { change, go, href, place, word } from "../route";
import { status } from "../state/live";
import { bestName, complete, hosts } from "../state/names";
import { useRows } from "../state/resource";
import { colour, painted } from "../state/theme";
import { millis, rfc, utc } from "../time";
import { ClassOfState, Flows } from "./dependency";

const GROUPINGS: Record<Grouping, string> = { none: "no groups", segment: "segments", role: "roles", vlan: "VLANs", label: "labels" };
const STATES: Record<State, string> = { active: "active", idle: "idle", gone: "gone", unanswered: "no answer", before: "only before", after: "only after" };

export function MapPage(): VNode {
  const q = place.value.query.get("q") ?? "";
  const rows = useRows<Dependency>(withParameters(ofMap("/dependencies"), { q }));
  return <>
    <h1 class="unseen">Map</h1>
    <Filter hint="Arrows: proto:ssh host:10.0.3.0/24 kind:management" chips={[{ label: "Without scans", term: "-kind:scan" }, { label: "Answered only", term: "-state:attempt" }]} />
    {rows.problem !== undefined && <Fault problem={rows.problem} />}
    <Answered of={rows}>{(dependencies) => complete.value ? <Drawing dependencies={dependencies} filtered={q !== ""} /> : null}</Answered>
  </>;
}

/** What is wished, out of the address. */
function useWish(newest: number, oldest: number): Wish {
  const many = hosts.value.size > HOSTS_MAX;
  const by = (word("by") || (many ? "segment" : "none")) as Grouping;
  const open = word("open");
  return {
    by, open: useMemo(() => new Set(open.split(",").filter((one) => one !== "")), [open]),
    focus: word("focus") === "" ? null : word("focus"),
    at: word("at") === "" ? null : millis(word("at")), before: word("before") === "" ? null : millis(word("before")),
    active: activeFor(newest - oldest), name: (id) => bestName(hosts.value.get(id)) ?? address(id),
  };
}

function Drawing({ dependencies, filtered }: { dependencies: Dependency[]; filtered: boolean }): VNode {
  const when = useMemo(() => times(dependencies), [dependencies]);
  const { oldest, newest } = when;
  const wish = useWish(newest, oldest);
  const known = hosts.value;
  const drawn = useMemo(() => draw(filtered ? new Map([...known].filter(([id]) => dependencies.some((row) => row.client === id))) : known, dependencies, wish, when),
    [known, dependencies, wish.by, wish.open, wish.focus, wish.at, wish.before, when, filtered]);
  const [chosen, choose] = useState<Chosen>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const view = useRef<View | null>(null);
  const [settled, setSettled] = useState(false);
  const toggle = useRef((_id: string): void => {});
  toggle.current = (id) => {
    const group = id.startsWith("group:") ? id.slice(6) : null;
    if (group === null) go(href("host", id));
    else change({ open: [...wish.open, group].join(",") });
  };
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const made = new View(canvas.current, choose, (id) => { toggle.current(id); }, setSettled);
    view.current = made;
    return () => {
      view.current = null;
      made.end();
    };
  }, []);
  useEffect(() => { view.current?.show(drawn); }, [drawn]);
  useEffect(() => { view.current?.paint(); }, [painted.value]);
  useEffect(() => { view.current?.mark(chosen); }, [chosen]);
  const states = [...new Set(drawn.edges.map((edge) => edge.state))];
  return <div class="map" data-settled={settled}>
    <div class="table-tools">
      <label>Groups <select value={wish.by} onChange={(event) => { change({ by: event.currentTarget.value, open: "" }); }}>{Object.entries(GROUPINGS).map(([name, title]) => <option key={name} value={name}>{title}</option>)}</select></label>
      {wish.open.size > 0 && <button type="button" onClick={() => { change({ open: "" }); }}>Close {counted(wish.open.size, "group")}</button>}
      {wish.focus !== null && <span class="tag">around {wish.name(wish.focus)} <button type="button" class="plain" aria-label="Show all" onClick={() => { change({ focus: "" }); }}>✕</button></span>}
      <span class="said" role="status">showing {counted(drawn.nodes.length, "node")} of {counted(known.size, "host")}, {count(drawn.edges.length)} arrows for {count(drawn.dependencies)} of {counted(status.value?.snapshot?.dependencies ?? dependencies.length, "dependency", "dependencies")}</span>
      <Files drawn={drawn} view={view} />
    </div>
    <div class="map-frame">
      <div class="canvas" ref={canvas} role="img" aria-label={`Map of ${drawn.nodes.length} nodes and ${drawn.edges.length} arrows; the tables list the same`} />
      {drawn.nodes.length === 0 && <div class="over"><Empty title="Nothing to draw">{filtered ? "No arrow matches the filter." : "No host on this map."}</Empty></div>}
      <div class="zoom"><button type="button" aria-label="Nearer" onClick={() => view.current?.camera("in")}>+</button><button type="button" aria-label="Farther" onClick={() => view.current?.camera("out")}>−</button><button type="button" aria-label="Show all" onClick={() => view.current?.camera("all")}>⤢</button></div>
      <Legend states={states} drawn={drawn} compared={wish.before !== null} />
      {chosen !== null && <Details chosen={chosen} drawn={drawn} close={() => { choose(null); }} open={(id) => { toggle.current(id); }} />}
    </div>
    <Slider oldest={oldest} newest={newest} wish={wish} />
  </div>;
}

function Legend({ states, drawn, compared }: { states: State[]; drawn: Drawn; compared: boolean }): VNode {
  return <div class="map-legend" aria-label="Legend">
    {(["active", "idle", "unanswered", "gone", "before", "after"] as const).filter((state) => states.includes(state)).map((state) => <span key={state}><i class={`line ${state}`} aria-hidden="true" />{compared && state === "idle" ? "at both" : STATES[state]}</span>)}
    <span><i class="ball inside" aria-hidden="true" />inside</span>
    {drawn.nodes.some((node) => node.kind === "outside") && <span><i class="ball outside" aria-hidden="true" />outside</span>}
    {drawn.nodes.some((node) => node.kind === "infra") && <span><i class="ball infra" aria-hidden="true" />infrastructure</span>}
    {drawn.edges.some((edge) => !edge.decided) && <span>no head: direction unsure</span>}
    {drawn.nodes.some((node) => node.group) && <span>(n): group, double click opens</span>}
  </div>;
}

function Files({ drawn, view }: { drawn: Drawn; view: { current: View | null } }): VNode {
  const picture = (): string => {
    const made = view.current;
    if (made === null) return "";
    const nodes = new Map(drawn.nodes.map((node) => [node.id, node]));
    const of = (id: string): number => { const node = nodes.get(id); return node === undefined ? 5 : sizeOf(node, drawn.nodes.length); };
    return svg(drawn, made.places, of, { ground: colour("ground"), ink: colour("ink"), edge: (edge) => made.edgeColour(edge), node: (id) => { const node = nodes.get(id); return node === undefined ? "" : made.nodeColour(node); } });
  };
  return <>
    <button type="button" onClick={() => { view.current?.picture((file) => { save("map.png", "image/png", file); }); }}>PNG</button>
    <button type="button" onClick={() => { save("map.svg", "image/svg+xml", picture()); }}>SVG</button>
    <button type="button" onClick={() => { save("map.graphml", "application/graphml+xml", graphml(drawn)); }}>GraphML</button>
    <Copy label="Copy link" text={() => location.href} />
  </>;
}

/** The time that is shown: the newest, a moment, or two moments compared. */
function Slider({ oldest, newest, wish }: { oldest: number; newest: number; wish: Wish }): VNode {
  const [now, then] = [wish.at ?? newest, wish.before];
  const steps = 500;
  const value = (moment: number): number => Math.round((steps * (moment - oldest)) / Math.max(1, newest - oldest));
  const moment = (step: number): number => oldest + ((newest - oldest) * step) / steps;
  const move = (name: "at" | "before", step: number): void => { change({ [name]: name === "at" && step >= steps ? "" : rfc(moment(step)) }); };
  const live = wish.at === null && then === null;
  return <div class="slider">
    <button type="button" aria-pressed={live} onClick={() => { change({ at: "", before: "" }); }}>{status.value?.source === "sensor" ? "Live" : "Newest"}</button>
    {then !== null && <label>A <input type="range" aria-label="Before" min="0" max={steps} value={value(then)} onChange={(event) => { move("before", event.currentTarget.valueAsNumber); }} /><span class="mono small">{utc(rfc(then)).slice(5)}</span></label>}
    <label class="grow">{then === null ? "Time" : "B"} <input type="range" aria-label="Time" min="0" max={steps} value={value(now)} onChange={(event) => { move("at", event.currentTarget.valueAsNumber); }} /><span class="mono small">{utc(rfc(now)).slice(5)}</span></label>
    <button type="button" aria-pressed={then !== null} onClick={() => { change({ before: then === null ? rfc(moment(steps / 4)) : "" }); }}>Compare</button>
  </div>;
}

function Details({ chosen, drawn, close, open }: { chosen: NonNullable<Chosen>; drawn: Drawn; close: () => void; open: (id: string) => void }): VNode | null {
  const node = chosen.kind === "node" ? drawn.nodes.find((one) => one.id === chosen.id) : undefined;
  const edge = chosen.kind === "edge" ? drawn.edges.find((one) => one.id === chosen.id) : undefined;
  if (node === undefined && edge === undefined) return null;
  const of = (id: string): VNode => id.startsWith("group:") ? <strong>{id.slice(6)}</strong> : <HostLink id={id} />;
  const single = edge?.dependencies.length === 1 ? edge.dependencies[0] : undefined;
  const around = node === undefined ? [] : drawn.edges.filter((one) => one.source === node.id || one.target === node.id);
  return <aside class="details" aria-label="Details">
    <button type="button" class="plain close" aria-label="Close" onClick={close}>✕</button>
    {node !== undefined && <>
      <h2>{of(node.id)}</h2>
      <p class="soft">{node.group ? counted(node.members.length, "host") : hosts.value.get(node.id)?.roles.join(", ")}</p>
      <p class="tags">{node.group ? <button type="button" onClick={() => { open(node.id); }}>Open the group</button> : <>
        <a class="button primary" href={href("incident", node.id)}>Incident</a><button type="button" onClick={() => { change({ focus: node.id }); }}>Only around it</button></>}</p>
      <h3>{counted(around.length, "arrow")}</h3>
      <Some of={around} most={14}>{(some) => <ul>{some.map((one) => <li key={one.id}>{one.source === node.id ? <>→ {of(one.target)}</> : <>← {of(one.source)}</>} <Tag kind={one.state === "active" ? "low" : "info"}>{STATES[one.state]}</Tag></li>)}</ul>}</Some>
    </>}
    {edge !== undefined && <>
      <h2 class="pair">{of(edge.source)} → {of(edge.target)}</h2><p><Tag>{STATES[edge.state]}</Tag> {counted(edge.dependencies.length, "dependency", "dependencies")}</p>
      <Some of={edge.dependencies} most={12}>{(some) => <ul>{some.map((row) => <li key={row.id}><DependencyLink id={row.id} /> <ClassOfState state={row.state} /><div class="small soft">{row.protocol}, {counted(row.flows, "flow")}, {bytes(row.bytes_to_server + row.bytes_to_client)}, <Time at={row.first} short /> – <Time at={row.last} short /></div></li>)}</ul>}</Some>
      {single !== undefined && <Flows row={single} most={20} />}
    </>}
  </aside>;
}

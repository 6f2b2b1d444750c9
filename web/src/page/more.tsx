// Pages that are asked for less often: egress, timeline, weak points, comparing, uploaded captures.
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, ofMap, Problem, withParameters } from "../api/client";
import { upload, type Progress } from "../api/upload";
import type { Answer, Difference, Egress, EgressRow, Happening, Spof, UploadedMap } from "../api/types";
import { Blindness, Cite } from "../component/blindness";
import { Answered, Empty, Fault, HostLink, NodeLink, Plate, Some, Tag, Time } from "../component/part";
import { Table, type Column } from "../component/table";
import { bytes, count, counted, percent } from "../number";
import { change, go, href, subject, word } from "../route";
import { status } from "../state/live";
import { mayAct } from "../state/session";
import { useDocument } from "../state/resource";

const EGRESS: Column<EgressRow>[] = [
  { key: "host", title: "Destination", width: 250, value: (row) => row.host, cell: (row) => <HostLink id={row.host} /> },
  { key: "names", title: "Asked as", width: 260, value: (row) => row.names.join(" ") },
  { key: "up", title: "Out", width: 100, number: true, value: (row) => row.bytes_out, cell: (row) => bytes(row.bytes_out) },
  { key: "down", title: "In", width: 100, number: true, value: (row) => row.bytes_in, cell: (row) => bytes(row.bytes_in) },
  { key: "rare", title: "Known to", width: 150, value: (row) => row.users ?? 0, number: true, cell: (row) => <>{row.users ?? "–"} of {row.population}{row.rare && <> <Tag kind="high" sign="▲">rare</Tag></>}</> },
  { key: "flows", title: "Flows", width: 80, number: true, value: (row) => row.flows },
  { key: "protocols", title: "Protocols", width: 140, value: (row) => row.protocols.join(" ") },
  { key: "clients", title: "By", width: 230, value: (row) => row.clients.length, cell: (row) => <>{row.clients[0] !== undefined && <HostLink id={row.clients[0]} />}{row.clients.length > 1 && <span class="soft"> +{row.clients.length - 1}</span>}</> },
  { key: "first", title: "First", width: 185, value: (row) => row.first, cell: (row) => <Time at={row.first} /> },
  { key: "last", title: "Last", width: 185, value: (row) => row.last, cell: (row) => <Time at={row.last} /> },
];

/** Everybody of the usual private networks, where nobody else is asked about. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

export function EgressPage(): VNode {
  const target = subject.value || word("target");
  const [text, type] = useState(target);
  const [of, choose] = useState(target === "" ? PRIVATE[0] ?? "" : target);
  useEffect(() => { if (target !== "") choose(target); }, [target]);
  const told = useDocument<Answer<Egress>>(withParameters(ofMap("/egress"), { target: of }));
  return <>
    <div class="head"><h1>Bytes that leave</h1><span class="soft mono">{of}</span></div>
    <form class="ask" onSubmit={(event) => { event.preventDefault(); go(href("egress", text.trim())); }}>
      <label>Of <input type="text" class="mono" size={30} value={text} placeholder="10.0.3.9, 10.0.3.0/24, label:crown" onInput={(event) => { type(event.currentTarget.value); }} /></label>
      <button type="submit">Ask</button><span class="chips">{PRIVATE.map((network) => <button key={network} type="button" aria-pressed={of === network} onClick={() => { go(href("egress", network)); }}>{network}</button>)}</span>
    </form>
    <Answered of={told}>{(answer) => <>
      <p class="lead"><strong>{bytes(answer.result.bytes_out)}</strong> out to {counted(answer.result.destinations.length, "destination")}, {bytes(answer.result.bytes_in)} back; {bytes(answer.result.bytes_served)} served to outside. {counted(answer.result.destinations.filter((row) => row.rare).length, "destination is", "destinations are")} rare.</p>
      <Blindness answer={answer} />
      <Table name="destinations" columns={EGRESS} rows={answer.result.destinations} id={(row) => row.host} to={(row) => href("host", row.host)} order="-up" empty={<Empty title="Nothing left the local networks" />} />
      {answer.result.served.length > 0 && <Plate title="Served to outside"><Some of={answer.result.served} most={10}>{(rows) => <table class="list"><tbody>{rows.map((row) => <tr key={row.host}><td><HostLink id={row.host} /></td><td class="number">{bytes(row.bytes_out)} out</td><td>{row.protocols.join(", ")}</td><td><Time at={row.last} /></td></tr>)}</tbody></table>}</Some></Plate>}
      <Cite answer={answer} />
    </>}</Answered>
  </>;
}

const STORY: Column<Happening>[] = [
  { key: "time", title: "Time", width: 200, value: (row) => row.time, cell: (row) => <Time at={row.time} fraction={1} /> },
  { key: "what", title: "What", width: 140, value: (row) => row.what, cell: (row) => row.what.replaceAll("_", " ") },
  { key: "host", title: "Who", width: 220, value: (row) => row.host ?? "", cell: (row) => row.host !== null && <HostLink id={row.host} /> },
  { key: "peer", title: "With", width: 250, value: (row) => row.service ?? row.peer ?? "", cell: (row) => (row.service ?? row.peer) !== null && <NodeLink id={row.service ?? row.peer ?? ""} /> },
  { key: "text", title: "Story", width: 460, value: (row) => row.text, cell: (row) => <span title={row.text}>{row.text}</span> },
  { key: "new", title: "New", width: 150, value: (row) => row.new.join(" "), cell: (row) => row.new.map((one) => <Tag key={one} kind="low">{one.replaceAll("_", " ")}</Tag>) },
  { key: "frame", title: "Frame", width: 90, number: true, value: (row) => row.frame ?? Number.NaN, cell: (row) => <span class="mono" title={row.source ?? ""}>{row.frame ?? ""}</span> },
];

export function TimelinePage(): VNode {
  const said = word("targets");
  const [text, type] = useState(said);
  const targets = said.split(/[\s,]+/).filter((one) => one !== "");
  const told = useDocument<Answer<{ events: Happening[] }>>(withParameters(ofMap("/timeline"), { targets }));
  const kinds = useMemo(() => [...new Set(told.data?.result.events.map((row) => row.what))].sort(), [told.data]);
  const only = word("what");
  return <>
    <div class="head"><h1>Timeline</h1></div>
    <form class="ask" onSubmit={(event) => { event.preventDefault(); change({ targets: text.trim() }); }}>
      <label>About <input type="text" class="mono" size={34} value={text} placeholder="everybody, or 10.0.3.9 db1 10.0.4.0/24" onInput={(event) => { type(event.currentTarget.value); }} /></label><button type="submit">Ask</button>
      <span class="chips">{kinds.map((kind) => <button key={kind} type="button" aria-pressed={only === kind} onClick={() => { change({ what: only === kind ? "" : kind }); }}>{kind.replaceAll("_", " ")}</button>)}</span></form>
    <Answered of={told}>{(answer) => <Table name="events" columns={STORY} rows={answer.result.events.filter((row) => only === "" || row.what === only)} id={(row) => `${row.time}${row.what}${row.host ?? ""}${row.id ?? ""}${row.text}`} order="time" empty={<Empty title="Nothing happened" />} />}</Answered>
  </>;
}

export function WeakPage(): VNode {
  const told = useDocument<Answer<Spof>>(withParameters(ofMap("/spof"), { top: 50, pairs: word("pairs") === "yes" }));
  return <>
    <div class="head"><h1>Single points of failure</h1><div class="actions"><button type="button" aria-pressed={word("pairs") === "yes"} onClick={() => { change({ pairs: word("pairs") === "yes" ? "" : "yes" }); }}>Also pairs that stand in for each other</button></div></div>
    <Answered of={told}>{(answer) => <>
      <Blindness answer={answer} />
      <Plate title="The worst first" about={`${count(answer.result.nodes.length)} of ${count(answer.result.count)}`}>
        {answer.result.nodes.length === 0 ? <Empty title="Nothing was seen that others cannot do without" /> : <table class="list"><thead><tr><th>What</th><th>Kind</th><th class="number">Impact</th><th class="number">Services</th><th class="number">Clients</th><th>Falls with it</th></tr></thead>
          <tbody>{answer.result.nodes.map((row) => <tr key={row.node}><td>{row.members.map((id) => <div key={id}><NodeLink id={id} /></div>)}</td><td>{row.kind}</td><td class="number">{percent(row.impact)}</td><td class="number">{count(row.services)}</td><td class="number">{count(row.clients)}</td>
            <td><Some of={row.must} most={4}>{(ids) => <span class="tags">{ids.map((id) => <NodeLink key={id} id={id} />)}</span>}</Some></td></tr>)}</tbody></table>}
      </Plate><Cite answer={answer} /></>}</Answered>
  </>;
}

interface Maps { maps: UploadedMap[] }

export function ComparePage(): VNode {
  const [before, after] = [word("before"), word("after")];
  const [one, typeOne] = useState(before || "main");
  const [other, typeOther] = useState(after);
  const maps = useDocument<Maps>("/api/v1/maps");
  const told = useDocument<Difference>(before === "" || after === "" ? null : withParameters("/api/v1/diff", { before, after }));
  return <>
    <div class="head"><h1>Compare</h1></div>
    <p class="soft">Two maps: <code>main</code>, an uploaded capture, or a time of this server’s own map as <code>2026-03-14T10:00Z/2026-03-14T11:00Z</code>.</p>
    <form class="ask" onSubmit={(event) => { event.preventDefault(); change({ before: one.trim(), after: other.trim() }); }}>
      <label>Before <input type="text" class="mono" size={38} list="maps" value={one} onInput={(event) => { typeOne(event.currentTarget.value); }} /></label>
      <label>after <input type="text" class="mono" size={38} list="maps" value={other} onInput={(event) => { typeOther(event.currentTarget.value); }} /></label>
      <datalist id="maps"><option value="main" />{maps.data?.maps.map((map) => <option key={map.id} value={map.id}>{map.name}</option>)}</datalist><button class="primary" type="submit">Compare</button></form>
    {before !== "" && after !== "" && <Answered of={told}>{({ result }) => <div class="columns">{(["hosts", "services", "dependencies", "certificates", "protocols"] as const).map((kind) =>
      <Plate key={kind} title={kind[0]?.toUpperCase() + kind.slice(1)} about={`${count(result[kind].new.length)} new, ${count(result[kind].gone.length)} gone`}>
        {(["new", "gone"] as const).map((way) => result[kind][way].length > 0 && <div key={way}><h3><Tag kind={way === "new" ? "low" : "info"} sign={way === "new" ? "+" : "−"}>{way}</Tag></h3>
          <Some of={result[kind][way]} most={12}>{(ids) => <ul>{ids.map((id) => <li key={id}>{kind === "certificates" ? <a class="mono" href={href("certificate", id)}>{id.slice(0, 32)}…</a> : kind === "protocols" ? id : <NodeLink id={id} />}</li>)}</ul>}</Some></div>)}
        {result[kind].new.length + result[kind].gone.length === 0 && <p class="soft">The same.</p>}
      </Plate>)}</div>}</Answered>}
  </>;
}

export function MapsPage(): VNode {
  const [maps, tell] = useState<UploadedMap[] | null>(null);
  const [problem, fail] = useState<Problem | null>(null);
  const [progress, proceed] = useState<Progress | null>(null);
  const look = (): void => { get<Maps>("/api/v1/maps").then((told) => { tell(told.maps); }, (why: unknown) => { if (why instanceof Problem) fail(why); }); };
  useEffect(look, []);
  // What was just sent is shown as soon as it is read.
  const [wanted, want] = useState<string | null>(null);
  useEffect(() => {
    if (maps?.some((map) => map.id === wanted && map.status.state === "ready") === true) go(`/?on=${wanted ?? ""}`);
  }, [maps, wanted]);
  useEffect(() => {
    if (maps?.some((map) => map.status.state === "reading") !== true) return undefined;
    const timer = window.setTimeout(look, 700);
    return () => { window.clearTimeout(timer); };
  }, [maps]);
  const send = (file: File | undefined): void => {
    if (file === undefined) return;
    fail(null);
    upload(file, proceed).then((map) => {
      proceed(null);
      want(map.id);
      look();
    }, (why: unknown) => {
      proceed(null);
      if (why instanceof Problem) fail(why);
      look();
    });
  };
  const forget = (id: string): void => {
    fetch(`/api/v1/maps/${id}`, { method: "DELETE" }).then(look, look);
  };
  return <>
    <div class="head"><h1>Captures</h1></div>
    <Plate title="Open a capture"><p>pcap or pcapng, also with gzip, zstd or xz. It becomes a map of its own beside {status.value?.source === "sensor" ? "the sensor’s" : "this server’s"}, and is forgotten when the server stops.</p>
      {mayAct() ? <label class="button primary">Choose a file<input class="unseen" type="file" name="capture" accept=".pcap,.pcapng,.cap,.gz,.zst,.xz" disabled={progress !== null} onChange={(event) => { send(event.currentTarget.files?.[0]); event.currentTarget.value = ""; }} /></label>
        : <p class="soft">Your role may look; to open captures takes the role responder.</p>}
      {progress !== null && <div class="banner note"><strong>{progress.sent < progress.total ? "Sending" : "Reading"}</strong><progress aria-label="Sent" max={progress.total} value={progress.sent} /><span>{bytes(progress.sent)} of {bytes(progress.total)}</span><button type="button" class="away" onClick={progress.stop}>Stop</button></div>}
      {problem !== null && <Fault problem={problem} />}
    </Plate>
    <Plate title="Open" about={maps === null ? "" : count(maps.length)}>
      {maps?.length === 0 ? <Empty title="No capture was opened" /> : <table class="list"><thead><tr><th>Name</th><th class="number">Size</th><th>State</th><th class="number">Hosts</th><th class="number">Dependencies</th><th><span class="unseen">Actions</span></th></tr></thead><tbody>{maps?.map((map) => <tr key={map.id}>
        <td><a href={`/?on=${map.id}`}>{map.name}</a> <span class="mono soft small">{map.id}</span></td><td class="number">{bytes(map.bytes)}</td>
        <td>{map.status.state}{map.status.problem !== null && <div class="small">{map.status.problem}</div>}{map.status.progress !== null && <span class="soft"> {count(map.status.progress.packets)} packets</span>}</td>
        <td class="number">{count(map.status.snapshot?.hosts ?? 0)}</td><td class="number">{count(map.status.snapshot?.dependencies ?? 0)}</td>
        <td><a class="button" href={`/compare?before=main&after=${map.id}`}>Compare</a> {mayAct() && <button type="button" onClick={() => { forget(map.id); }}>Forget</button>}</td></tr>)}</tbody></table>}
    </Plate>
  </>;
}

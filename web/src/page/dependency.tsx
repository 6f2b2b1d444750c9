// One arrow: who uses what, why it points that way, and the frames that show it.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Dependency, Flow } from "../api/types";
import { Answered, Copy, HostLink, Plate, ServiceLink, Tag, Time } from "../component/part";
import { bytes, count, counted, percent } from "../number";
import { href, subject } from "../route";
import { useDocument, useRows } from "../state/resource";
import { span } from "../time";

const STATES: Record<string, [string, string]> = {
  attempt: ["medium", "?"], answered: ["low", "◔"], observed: ["low", "◑"], dependency: ["good", "●"], stable: ["good", "●"], stale: ["info", "○"], retired: ["info", "○"],
};

/** How sure an arrow is. */
export function ClassOfState({ state }: { state: string }): VNode {
  const [kind, sign] = STATES[state] ?? ["info", "○"];
  return <Tag kind={kind} sign={sign}>{state}</Tag>;
}

const EVIDENCE: Record<string, string> = {
  syn: "the client’s SYN was seen", syn_ack: "the server’s SYN-ACK was seen", protocol: "the protocol says who serves",
  announced: "it was announced on another connection", known_service: "the service is known from other flows",
  fan_in: "many others come to this port", port: "only the port speaks for it", first_packet: "only the first packet speaks for it", none: "nothing decides it",
};

/** Why an arrow points the way it does, in words. */
export function evidence(word: string): string {
  return EVIDENCE[word] ?? word;
}

export function DependencyPage(): VNode {
  const row = useDocument<Dependency>(ofMap(`/dependencies/${encodeURIComponent(subject.value)}`));
  return <Answered of={row} whole>{(dependency) => <Shown row={dependency} />}</Answered>;
}

function Shown({ row }: { row: Dependency }): VNode {
  return <>
    <div class="head">
      <h1 class="pair"><HostLink id={row.client} /> <span aria-hidden="true">→</span><span class="unseen">uses</span> <ServiceLink id={row.service} /></h1>
      <span class="tags"><ClassOfState state={row.state} /><Tag>{row.kind}</Tag>{row.one_sided && <Tag kind="high" sign="▲">one side heard</Tag>}</span>
      <div class="actions">
        <a class="button" href={href("isolate", "", { mode: "edge", edge: row.id })}>What breaks without it</a>
        <a class="button" href={href("map", "", { focus: row.client })}>Map</a>
        <Copy label="Copy id" text={row.id} />
      </div>
    </div>
    <p class="lead">{row.protocol} over {row.transport}, {counted(row.flows, "flow")}{row.failed_flows > 0 && `, ${count(row.failed_flows)} failed`}, from <Time at={row.first} /> to <Time at={row.last} />.
      The arrow points this way because {evidence(row.direction.evidence)} ({percent(row.direction.confidence)} sure{!row.direction.decided && "; not decided"}).</p>
    <div class="tiles">
      <div class="tile"><b>{bytes(row.bytes_to_server)}</b><span>to the server, {counted(row.packets_to_server, "packet")}</span></div>
      <div class="tile"><b>{bytes(row.bytes_to_client)}</b><span>to the client, {counted(row.packets_to_client, "packet")}</span></div>
      <div class="tile"><b>{row.initiator}</b><span>opens it</span></div>
    </div>
    <Flows row={row} />
  </>;
}

/** The flows of an arrow, with the frames to look at. */
export function Flows({ row, most = 200 }: { row: Dependency; most?: number }): VNode {
  const flows = useRows<Flow>(withParameters(ofMap("/flows"), { q: `client:${row.client} server:${row.service.replace(/:\d+\/\w+$/, "")} port:${row.server_port} proto:${row.transport}`, limit: most }));
  return <Plate title="Flows and their frames" about={flows.data === undefined ? "" : `${count(flows.data.length)}${flows.data.length === most ? " or more" : ""}`}>
    <Answered of={flows}>{(rows) => rows.length === 0 ? <p class="soft">No single flow is kept; only the sum is known.</p> : <div class="scroll"><table class="list">
      <thead><tr><th>First</th><th class="number">Lasted</th><th class="number">Client port</th><th>State</th><th class="number">Up / down</th><th>Frame</th><th>Community ID</th></tr></thead>
      <tbody>{rows.map((flow) => <tr key={`${flow.first}${flow.client_port}${flow.frame}`}>
        <td><Time at={flow.first} fraction={3} /></td><td class="number nowrap">{span(flow.duration_seconds)}</td><td class="number mono">{flow.client_port}</td><td>{flow.state}</td>
        <td class="number nowrap">{bytes(flow.bytes_to_server)} / {bytes(flow.bytes_to_client)}</td><td class="mono nowrap" title={flow.source}>{flow.source.split("/").at(-1)} #{flow.frame}</td><td class="mono small">{flow.community_id}</td>
      </tr>)}</tbody></table></div>}</Answered>
  </Plate>;
}

// How the sensor does: what it loses, what it hears one-sided, how far the store is behind.
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { ofMap } from "../api/client";
import type { Capture, SensorHealth, Visibility } from "../api/types";
import { Answered, Empty, Plate, Tag, Time } from "../component/part";
import { bytes, count, counted, percent } from "../number";
import { health, status } from "../state/live";
import { useDocument } from "../state/resource";
import { colour, painted } from "../state/theme";
import { span } from "../time";

interface Report { capture: Capture; visibility: Visibility }

/** What was heard of the sensor while this page stood: seconds, packets a second, loss. */
const history: { at: number; received: number; dropped: number }[] = [];
const HISTORY_MAX = 720;

export function HealthPage(): VNode {
  const told = health.value;
  const capture = useDocument<Report>(status.value?.source === "sensor" ? null : ofMap("/capture"));
  useEffect(() => {
    if (told?.sensor === null || told === null) return;
    history.push({ at: Date.now() / 1000, received: told.sensor.received, dropped: told.sensor.dropped });
    if (history.length > HISTORY_MAX) history.shift();
  }, [told]);
  return <>
    <div class="head"><h1>Health</h1>{told !== null && <Tag kind={told.state === "ok" ? "good" : told.state === "learning" ? "low" : "high"} sign={told.state === "ok" ? "✓" : "▲"}>{told.state}</Tag>}</div>
    {told !== null && told.lines.length > 0 && <Plate title="Not as it should be"><ul>{told.lines.map((line) => <li key={line.what + line.sentence} class="pair"><Tag kind={line.state === "learning" ? "low" : "high"}>{line.state}</Tag><strong>{line.what}</strong> {line.sentence}</li>)}</ul></Plate>}
    {told !== null && told.lines.length === 0 && <Plate title="All as it should be"><p>No loss, no silence, nothing unread that one should know of.</p></Plate>}
    {told?.sensor !== null && told?.sensor !== undefined && <Sensor told={told.sensor} />}
    {capture.data !== undefined && <Read told={capture.data} />}
    {capture.data === undefined && status.value?.source !== "sensor" && <Answered of={capture}>{() => null}</Answered>}
  </>;
}

function Sensor({ told }: { told: SensorHealth }): VNode {
  return <>
    <div class="tiles">
      <div class="tile"><b>{told.loss === 0 ? "0" : (told.loss * 100).toFixed(2)} %</b><span>lost in the last minute</span></div>
      <div class="tile"><b>{count(told.received)}</b><span>packets received</span></div>
      <div class="tile"><b>{count(told.dropped)}</b><span>dropped</span></div>
      <div class="tile"><b>{count(told.duplicates)}</b><span>duplicates of a mirror</span></div>
      <div class="tile"><b>{percent(told.one_sided)}</b><span>heard one-sided</span></div>
      <div class="tile"><b>{told.store_lag_seconds === null ? "–" : span(told.store_lag_seconds)}</b><span>store behind</span></div>
      <div class="tile"><b>{count(told.queue)}</b><span>waiting in queues</span></div>
      <div class="tile"><b>{percent(told.learning.share)}</b><span>of the last hour’s dependencies new</span></div>
    </div>
    <Plate title="Packets a second, since this page was opened"><Chart /></Plate>
    <Plate title="Interfaces"><table class="list"><thead><tr><th>Interface</th><th>State</th><th class="number">Received</th><th class="number">Dropped by kernel</th><th class="number">By the card</th></tr></thead>
      <tbody>{told.interfaces.map((row) => <tr key={row.name}><td class="mono">{row.name}</td><td><Tag kind={row.up ? "good" : "critical"} sign={row.up ? "✓" : "✕"}>{row.up ? "up" : "down"}</Tag></td>
        <td class="number">{count(row.received)}</td><td class="number">{count(row.kernel_drops)}</td><td class="number">{count(row.interface_drops)}</td></tr>)}</tbody></table></Plate>
  </>;
}

function Chart(): VNode {
  const place = useRef<HTMLDivElement>(null);
  const now = health.value;
  useEffect(() => {
    const element = place.current;
    if (element === null || history.length < 2) return undefined;
    const rate = (of: "received" | "dropped"): (number | null)[] => history.map((row, at) => {
      const before = history[at - 1];
      return before === undefined || row.at === before.at ? null : Math.max(0, (row[of] - before[of]) / (row.at - before.at));
    });
    const axis = { stroke: colour("soft"), grid: { stroke: colour("edge"), width: 1 }, ticks: { stroke: colour("edge") } };
    const chart = new uPlot({
      width: element.clientWidth, height: 180, tzDate: (moment) => uPlot.tzDate(new Date(moment * 1000), "UTC"), legend: { show: false },
      axes: [axis, { ...axis, size: 70 }],
      series: [{}, { label: "received", stroke: colour("accent"), width: 2 }, { label: "dropped", stroke: colour("critical"), width: 2, dash: [6, 4] }],
    }, [history.map((row) => row.at), rate("received"), rate("dropped")], element);
    return () => { chart.destroy(); };
  }, [now, painted.value]);
  return <div ref={place} role="img" aria-label="Packets received and dropped a second">{history.length < 2 && <Empty title="Not yet">The line begins when the sensor was heard twice.</Empty>}</div>;
}

const PACKETS: [keyof Capture["packets"], string][] = [
  ["read", "read"], ["analyzed", "with an IP header"], ["duplicate", "copies of a mirror"], ["non_ip", "no IP"], ["malformed", "malformed"], ["unsupported", "link type not read"], ["filtered", "filtered"],
];

function Read({ told }: { told: Report }): VNode {
  const { capture, visibility: sight } = told;
  const facts: [string, string][] = [
    ["One side heard only", `${count(sight.one_sided_pairs)} of ${counted(sight.pairs, "pair")}`],
    ["Received by somebody, never seen here", bytes(sight.acked_unseen_bytes)],
    ["Cut short", counted(sight.cut_packets, "packet")],
    ["Direction is a guess", counted(sight.undetermined_directions, "dependency", "dependencies")],
    ["TLS services whose certificate was seen", `${count(sight.tls_endpoints_with_certificate)} of ${count(sight.tls_endpoints_total)}`],
    ["Known only by mention", counted(sight.hosts_known_only_by_mention, "host")],
    ["Clock went back", counted(sight.clock_steps, "time")],
    ["Sent again", counted(sight.retransmitted, "segment")],
    ["Only counted, not read", counted(sight.flows_not_read, "flow")],
    ["Did not fit into the map", `${counted(sight.dropped.hosts, "host")}, ${counted(sight.dropped.flows, "flow")}, ${counted(sight.dropped.names, "name")}`],
  ];
  return <>
    <div class="tiles">{PACKETS.filter(([key]) => capture.packets[key] > 0 || key === "read").map(([key, title]) => <div key={key} class="tile"><b>{count(capture.packets[key])}</b><span>packets {title}</span></div>)}
      <div class="tile"><b>{bytes(capture.bytes.wire)}</b><span>on the wire</span></div><div class="tile"><b>{count(capture.flows.tracked)}</b><span>flows</span></div></div>
    <Plate title="Sources"><div class="scroll"><table class="list"><thead><tr><th>File</th><th>Form</th><th class="number">Packets</th><th class="number">Size</th><th>First</th><th>Last</th></tr></thead>
      <tbody>{capture.sources.map((source) => <tr key={source.path}><td class="mono">{source.path}{source.problem !== null && <div><Tag kind="high" sign="▲">{source.problem}</Tag></div>}</td><td>{source.format} {source.link_types.join(", ")}</td>
        <td class="number">{count(source.packets)}</td><td class="number nowrap">{bytes(source.bytes)}</td><td><Time at={source.first} /></td><td><Time at={source.last} /></td></tr>)}</tbody></table></div></Plate>
    <Plate title="What this tap could not see"><dl class="facts">{facts.map(([title, value]) => <><dt key={title}>{title}</dt><dd>{value}</dd></>)}
      {sight.link_types_not_read.map((row) => <><dt key={row.link_type}>{row.link_type}</dt><dd>{counted(row.frames, "frame")} not read</dd></>)}
      {Object.entries(sight.anomalies).map(([name, number]) => <><dt key={name}>{name.replaceAll("_", " ")}</dt><dd>{count(number)}</dd></>)}</dl></Plate>
  </>;
}

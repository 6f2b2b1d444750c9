// The two answers that decide: what happens if it stops, and what if somebody else has it.
import type { VNode } from "preact";
import type { Affected, BlastRadius, Contacted, Exposure } from "../api/types";
import { DependencyLink, Empty, HostLink, NodeLink, Plate, ServiceLink, Some, Tag, Time } from "../component/part";
import { bytes, count, counted, percent } from "../number";
import { isAdmin } from "./rings";

/** One sentence for the top: what fails, what may, who loses. */
export function stops(radius: BlastRadius): string {
  const { must, may, clients, clients_may: perhaps } = radius.impact;
  const services = must.filter((row) => row.service !== null).length;
  const hosts = must.length - services;
  if (must.length + may.length === 0) return "Nothing was seen to fail with it.";
  const parts: string[] = [];
  if (services > 0) parts.push(`${counted(services, "service")} fail${services === 1 ? "s" : ""}`);
  if (hosts > 0) parts.push(`${counted(hosts, "host")} lose${hosts === 1 ? "s" : ""} something`);
  if (may.length > 0) parts.push(`${count(may.length)} may`);
  if (clients + perhaps > 0) parts.push(`${counted(clients, "client")} hit`);
  return `${parts.join(", ")}.`;
}

/** One sentence for what can be reached. */
export function reaches(exposure: Exposure | null): string {
  if (exposure === null) return "What it can reach was not asked: it is a single service.";
  const admin = exposure.observed.filter((row) => isAdmin(row.class)).length;
  const open = exposure.observed.filter((row) => row.open_sessions.length > 0).length;
  const parts = [`in touch with ${counted(exposure.observed.length, "host")}`];
  if (admin > 0) parts.push(`on ${count(admin)} of them it can run something`);
  if (open > 0) parts.push(`${counted(open, "session")} open now`);
  if (exposure.potential > 0) parts.push(`${counted(exposure.potential, "host")} within reach in all`);
  return `${parts.join(", ")}.`;
}

function Loss({ row, word }: { row: Affected; word: "fails" | "may" }): VNode {
  return <tr>
    <td><Tag kind={word} sign={word === "fails" ? "✕" : "?"}>{row.service === null ? (word === "fails" ? "loses" : "may lose") : word}</Tag></td>
    <td><NodeLink id={row.service ?? row.node} />
      <div class="small soft">{row.requests !== null && row.requests > 0 && row.waited !== null
        ? <>{percent(row.waited / row.requests)} of {counted(row.requests, "request")} waited for </>
        : row.group !== null ? <>needs </> : null}
        {row.because.slice(0, 2).map((id, at) => <span key={id}>{at > 0 && ", "}<DependencyLink id={id} /></span>)}{row.because.length > 2 && ` +${row.because.length - 2}`}
        {row.why !== null && ` (${row.why.replaceAll("_", " ")})`}</div></td>
    <td class="number">{row.service !== null && <>{counted(row.clients, "client")}</>}</td>
    <td class="number nowrap">{percent(row.probability)}</td>
    <td class="nowrap soft small">crit {row.criticality.level.toFixed(1)}{row.criticality.source === "inferred" && " (guess)"}</td>
  </tr>;
}

export function IfItStops({ radius }: { radius: BlastRadius }): VNode {
  const { impact } = radius;
  return <Plate title="If it stops">
    {impact.business.length > 0 && <p><strong>Business:</strong> {impact.business.map((row) => `${row.name} (${row.lost})`).join(", ")}</p>}
    {impact.must.length + impact.may.length > 0
      ? <Some of={[...impact.must.map((row) => ({ row, word: "fails" as const })), ...impact.may.map((row) => ({ row, word: "may" as const }))]} most={12}>
        {(rows) => <table class="list"><tbody>{rows.map(({ row, word }) => <Loss key={row.node} row={row} word={word} />)}</tbody></table>}</Some>
      : <Empty title="Nothing was seen to need it">What the tap cannot see may still.</Empty>}
    <dl class="facts">
      {impact.safe.length > 0 && <><dt><Tag kind="safe" sign="✓">safe</Tag></dt><dd><span class="soft">it needs them, they do not need it:</span> <Some of={impact.safe} most={5}>{(ids) => <span class="tags">{ids.map((id) => <ServiceLink key={id} id={id} />)}</span>}</Some></dd></>}
      {impact.shared_infrastructure.length > 0 && <><dt>Shared</dt><dd>{impact.shared_infrastructure.map((row) => <div key={row.node}><NodeLink id={row.node} /> <span class="soft">{row.state}, {counted(row.clients, "client")}</span></div>)}</dd></>}
      {impact.seen_once.length > 0 && <><dt>Seen once</dt><dd>{impact.seen_once.slice(0, 5).map((row) => <span key={row.node}><NodeLink id={row.node} /> </span>)}</dd></>}
      {impact.restore.length > 0 && <><dt>Restore in order</dt><dd><ol>{impact.restore.slice(0, 6).map((step) => <li key={step.step}>{step.step}. {step.services.slice(0, 4).map((id) => <span key={id}><ServiceLink id={id} /> </span>)}</li>)}</ol></dd></>}
      {impact.not_listed > 0 && <><dt>Not listed</dt><dd>{counted(impact.not_listed, "more")} that fall only because shared infrastructure may</dd></>}
    </dl>
  </Plate>;
}

const GROUPS: [string, string, (row: Contacted) => boolean][] = [
  ["Admin", "it can run something there", (row) => isAdmin(row.class) && !row.external],
  ["Data", "it reads or writes there", (row) => row.class === "data" && !row.external],
  ["Out", "beyond the local networks", (row) => row.external],
  ["Infrastructure", "names, time, addresses", (row) => !row.external && row.class !== "data" && !isAdmin(row.class)],
];

export function IfCompromised({ exposure }: { exposure: Exposure }): VNode {
  return <Plate title="If it is compromised">
    {exposure.observed.length === 0 && <Empty title="It was in touch with nobody" />}
    {GROUPS.map(([title, about, holds]) => {
      const rows = exposure.observed.filter(holds).sort((one, other) => other.open_sessions.length - one.open_sessions.length || other.at.localeCompare(one.at));
      if (rows.length === 0) return null;
      return <div key={title} class="by-class"><h3>{title} <span class="soft small">{counted(rows.length, "host")}, {about}</span></h3>
        <Some of={rows} most={6}>{(some) => <table class="list"><tbody>{some.map((row) => <tr key={row.host}>
          <td><HostLink id={row.host} /></td>
          <td>{row.dependencies.slice(0, 2).map((id) => <div key={id} class="small"><DependencyLink id={id} /></div>)}</td>
          <td>{row.open_sessions.length > 0 ? <Tag kind="admin" sign="▲">open now, since <Time at={row.open_sessions[0]?.first} short /></Tag> : <span class="soft">last <Time at={row.at} short /></span>}</td>
          <td class="number nowrap">{bytes(row.bytes_up)} up</td></tr>)}</tbody></table>}</Some></div>;
    })}
    {exposure.onward.length > 0 && <p>From there one step further: <strong>{counted(exposure.onward.length, "host")}</strong>. <a href="#spread" onClick={(event) => { event.preventDefault(); document.getElementById("spread")?.scrollIntoView(); }}>In order of time</a></p>}
    {exposure.unused.length > 0 && <p class="soft">Open to its subnet and never used by it: <strong>{counted(exposure.unused.length, "service")}</strong> ({[...new Set(exposure.unused.map((row) => row.port))].sort((one, other) => one - other).slice(0, 8).join(", ")}).</p>}
  </Plate>;
}

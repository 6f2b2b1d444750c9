// What breaks if something is cut off: the options side by side, what each leaves open, where it can be
// enforced, the rules for it, and what the tap cannot see.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ofMap, withParameters } from "../api/client";
import type { Answer, Broken, Isolation, Mode, Option, Policy, Remains, Side } from "../api/types";
import { Answered, Copy, DependencyLink, Empty, HostLink, NodeLink, Plate, save, ServiceLink, Some, Tag, Time } from "../component/part";
import { ClassTag } from "../page/host";
import { count, counted, percent } from "../number";
import { useDocument, type Resource } from "../state/resource";
import { span } from "../time";

/** What an intruder can still use, in words. */
export function remains(left: Remains): string {
  const parts: string[] = [];
  if (left.neighbours > 0) parts.push(`inside the segment: ${counted(left.neighbours, "neighbour")}${left.neighbours_exec > 0 ? `, ${count(left.neighbours_exec)} of them by a way to run something` : ""}`);
  if (left.services > 0) parts.push(`${counted(left.services, "service")} outside (${left.protocols.slice(0, 4).join(", ")})${left.services_exec > 0 ? `, ${count(left.services_exec)} to run something` : ""}`);
  if (left.exceptions.length > 0) parts.push(`what is kept: ${left.exceptions.slice(0, 3).join(", ")}`);
  if (left.inward) parts.push("others can still come in");
  return parts.length === 0 ? "nothing that was seen" : parts.join("; ");
}

function key(option: Pick<Option, "mode" | "keep">): string {
  return `${option.mode} ${option.keep.join(" ")}`;
}

/** The options side by side. */
export function Options({ told, chosen, choose }: { told: Isolation; chosen: string; choose: (option: Option) => void }): VNode {
  return <div class="scroll"><table class="list options">
    <thead><tr><th scope="col">Option</th><th scope="col" class="number">Services break</th><th scope="col" class="number">Critical</th><th scope="col" class="number">Clients hit</th><th scope="col">Still open to an intruder</th></tr></thead>
    <tbody>{told.options.map((option, at) => <tr key={key(option)} class={key(option) === chosen ? "now" : ""}>
      <td><button type="button" aria-pressed={key(option) === chosen} onClick={() => { choose(option); }}>
        {option.mode}{option.keep.length > 0 && `, keep ${option.keep.join(", ")}`}{option.keep_protected && " (protected)"}</button>
        {told.suggested === at && <> <Tag kind="good" sign="✓">suggested</Tag></>}</td>
      <td class="number">{count(option.breaks)}</td><td class="number">{count(option.critical)}</td><td class="number">{count(option.clients)}</td>
      <td>{remains(option.still_open)}</td>
    </tr>)}</tbody>
  </table></div>;
}

function Rows({ rows, word }: { rows: Broken[]; word: "fails" | "may" }): VNode {
  return <Some of={rows} most={12}>{(some) => <table class="list"><tbody>{some.map((row) => <tr key={row.node}>
    <td><Tag kind={word} sign={word === "fails" ? "✕" : "?"}>{row.service === null ? (word === "fails" ? "loses" : "may lose") : word}</Tag></td>
    <td><NodeLink id={row.service ?? row.node} />{row.because[0] !== undefined && <div class="small soft">needs <DependencyLink id={row.because[0]} />{row.because.length > 1 && ` +${row.because.length - 1}`}</div>}</td>
    <td class="number nowrap">{row.clients !== null && counted(row.clients, "client")}</td>
    <td class="nowrap soft small">crit {row.criticality.toFixed(1)}{row.criticality_inferred && " (guess)"}</td>
  </tr>)}</tbody></table>}</Some>;
}

function SidePlate({ title, side, children }: { title: string; side: Side; children?: VNode | false }): VNode {
  return <Plate title={title} about={side.must.length + side.may.length === 0 ? "nothing was seen to break" : `${counted(side.services, "service")} fail${side.services === 1 ? "s" : ""}${side.critical > 0 ? `, ${count(side.critical)} critical` : ""}; ${counted(side.clients, "client")} hit`}>
    <Rows rows={side.must} word="fails" /><Rows rows={side.may} word="may" />{children}
  </Plate>;
}

/** Everything about one option. */
export function Breaks({ told }: { told: Isolation }): VNode {
  const { enforcement } = told;
  return <>
    <div class="columns">
      <SidePlate title="Outside" side={told.outside} />
      <SidePlate title="Inside" side={told.inside}>
        {told.infrastructure.length > 0 && <div><h3>Loses infrastructure</h3><ul>{told.infrastructure.map((row) => <li key={row.what + row.provider}>{row.what}: <NodeLink id={row.provider} /> <span class="soft">({counted(row.hosts, "host")})</span></li>)}</ul></div>}
      </SidePlate>
    </div>
    <div class="columns">
      <Plate title="Where it can be enforced" about={counted(told.edges.length, "crossing edge")}>
        <dl class="facts">
          <dt>Gateway</dt><dd><strong>{count(enforcement.gateway)}</strong> between segments</dd>
          <dt>Switch, NAC or EDR</dt><dd><strong>{count(enforcement.switch)}</strong> inside one segment: no firewall between them can stop these</dd>
          <dt>Unseen</dt><dd><strong>{count(enforcement.unseen)}</strong> of unknown direction or place: blocked by default, not counted as safe</dd>
        </dl>
        <details><summary>The edges</summary><Some of={told.edges} most={30}>{(edges) => <table class="list"><tbody>{edges.map((edge) => <tr key={edge.dependency}>
          <td>{edge.outward ? "→ out" : "← in"}</td><td><DependencyLink id={edge.dependency} /></td><td>{edge.enforcement}{edge.gateway !== null && <> <HostLink id={edge.gateway} /></>}</td>
          <td class="number">{counted(edge.sessions, "session")}</td><td><Time at={edge.last} short /></td></tr>)}</tbody></table>}</Some></details>
      </Plate>
      <Plate title="Open sessions that would be reset" about={count(told.open_flows.length)}>
        {told.open_flows.length === 0 ? <Empty title="None is open" /> : <Some of={told.open_flows} most={10}>{(rows) => <table class="list"><tbody>{rows.map((row) => <tr key={row.dependency + row.client_port}>
          <td><DependencyLink id={row.dependency} /></td><td><ClassTag of={row.class} /></td><td>since <Time at={row.since} short /></td></tr>)}</tbody></table>}</Some>}
      </Plate>
    </div>
    {told.rehearsal !== null && <Plate title="Rehearsed against what was recorded"><ul>{told.rehearsal.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul></Plate>}
  </>;
}

/** The firewall's rules for an isolation, and how to take them back. */
export function Rules({ targets, mode, keep, infected }: { targets: string[]; mode: Mode; keep: string[]; infected?: string[] }): VNode {
  const [asked, ask] = useState(false);
  const policy = useDocument<Answer<Policy>>(asked ? withParameters(ofMap("/policy"), { targets, mode, keep, infected: infected ?? [] }) : null);
  if (!asked) return <Plate title="Rules"><button type="button" onClick={() => { ask(true); }}>Show nftables rules and rollback</button> <span class="soft">Nothing is applied by tapmap; rules stop by themselves after 4 hours.</span></Plate>;
  return <Answered of={policy as Resource<Answer<Policy>>}>{({ result, answer_id: id }) => <Plate title="Rules" about={`${result.format}, ${counted(result.rules.length, "rule")}, end after 4 hours by themselves`} right={<span class="tags">
    <Copy label="Copy rules" text={result.text} /><button type="button" onClick={() => { save(`isolate-${id.slice(0, 8)}.nft`, "text/plain", result.text); }}>Save</button>
    <Copy label="Copy rollback" text={result.rollback} /><button type="button" onClick={() => { save(`rollback-${id.slice(0, 8)}.nft`, "text/plain", result.rollback); }}>Save rollback</button></span>}>
    <Verdict told={result} />
    <pre tabIndex={0} class="rules" aria-label="Rules">{result.text}</pre>
    <details><summary>Rollback</summary><pre tabIndex={0} aria-label="Rollback">{result.rollback}</pre></details>
    <details><summary>Why each rule</summary><table class="list"><tbody>{result.rules.map((rule) => <tr key={rule.line}><td>{rule.reason}</td><td class="number">{counted(rule.count, "flow")}</td><td><Time at={rule.last} short /></td><td>{rule.evidence.slice(0, 3).map((one) => <div key={one} class="small"><DependencyLink id={one} /></div>)}</td></tr>)}</tbody></table></details>
    {result.kill.length > 0 && <><h3>Sessions to end by hand</h3><pre tabIndex={0} aria-label="Commands">{result.kill.join("\n")}</pre></>}
  </Plate>}</Answered>;
}

function Verdict({ told }: { told: Policy }): VNode {
  const { replay } = told;
  const all = replay.allow_known + replay.would_break;
  return <p><strong>{count(replay.would_break)}</strong> of {counted(all, "session")} that somebody needs would break ({percent(all === 0 ? 0 : replay.would_break / all)}), {count(replay.deny_attack)} of the attack blocked, {count(replay.escape)} escape, {count(replay.undetermined)} cannot be told.
    {told.holdout !== null && <> Judged by what the plan did not see: {counted(told.holdout.unforeseen, "session")} of {count(told.holdout.legitimate)} legitimate ones blocked unforeseen.</>}
    {replay.broken.length > 0 && <> Broken: {replay.broken.slice(0, 4).map((id, at) => <span key={id}>{at > 0 && ", "}<DependencyLink id={id} /></span>)}{replay.broken.length > 4 && ` +${replay.broken.length - 4}`}.</>}</p>;
}

/** Isolation with its options: one asks, chooses, and has the rules. */
export function IsolationPart({ targets, answer, mode, keep, choose, infected }: {
  targets: string[]; answer: Answer<Isolation>; mode: Mode; keep: string[]; choose: (option: Option) => void; infected?: string[];
}): VNode {
  const told = answer.result;
  return <>
    <Plate title="Options" about="you decide; nothing is applied">
      <Options told={told} chosen={key({ mode, keep })} choose={choose} />
      {told.remains.neighbours > 0 && <p class="soft">{told.mode === "full" ? "Even full isolation" : "This"} does not stop movement inside the segment: {counted(told.remains.neighbours, "neighbour")} stay within reach. Use switch, NAC or EDR for the infected ones first.</p>}
    </Plate>
    <h2 class="between">What <em>{mode}{keep.length > 0 && `, keep ${keep.join(", ")}`}</em> breaks</h2>
    <Breaks told={told} />
    {mode !== "edge" && <Rules key={`${targets.join()}${mode}${keep.join()}`} targets={targets} mode={mode} keep={keep} {...(infected && { infected })} />}
    {told.exceptions.length > 0 && <Plate title="Let through" about={count(told.exceptions.length)}><ul>{told.exceptions.slice(0, 12).map((row) => <li key={row.dependency}><DependencyLink id={row.dependency} /> <span class="soft">{row.why}</span></li>)}</ul></Plate>}
    {told.same_machines.length > 0 && <div class="banner"><strong>The same machines have other addresses:</strong> {told.same_machines.map((id) => <ServiceOrHost key={id} id={id} />)}<span>Name them too, or they stay open.</span></div>}
    <p class="soft small">Watched {span(answer.window.watched_seconds)}; {percent(told.confidence)} of the cut edges have a sure direction.</p>
  </>;
}

function ServiceOrHost({ id }: { id: string }): VNode {
  return id.includes("/tcp") || id.includes("/udp") ? <ServiceLink id={id} /> : <HostLink id={id} />;
}

// One finding: what, how bad and why, who still does it, the frames that prove it, what to do instead.
import type { VNode } from "preact";
import { ofMap } from "../api/client";
import type { Finding } from "../api/types";
import { Answered, BandTag, Copy, HostLink, Plate, ServiceLink, Some, Tag, Time } from "../component/part";
import { counted } from "../number";
import { href, subject } from "../route";
import { useDocument } from "../state/resource";

export function FindingPage(): VNode {
  const row = useDocument<Finding>(ofMap(`/findings/${encodeURIComponent(subject.value)}`));
  return <Answered of={row} whole>{(finding) => <Shown finding={finding} />}</Answered>;
}

/** What a score lost, factor by factor, from 100 down to it. */
export function Factors({ finding }: { finding: Pick<Finding, "explanation" | "score"> }): VNode {
  let rest = 100;
  const rows = finding.explanation.map(({ factor, points }) => {
    const lost = Math.abs(points);
    rest -= lost;
    return { factor, lost, rest: Math.max(0, rest) };
  });
  return <div class="factors" role="img" aria-label={`100 points, less ${rows.map((row) => `${row.lost.toFixed(1)} for ${row.factor}`).join(", ")}: ${finding.score.toFixed(1)}`}>
    {rows.map((row) => <div class="row" key={row.factor}>
      <span>{row.factor.replaceAll("_", " ")}</span>
      <span class="track"><span class="keep" style={{ width: `${row.rest}%` }} /><span class="lose" style={{ left: `${row.rest}%`, width: `${row.lost}%` }} /></span>
      <span class="number">−{row.lost.toFixed(1)}</span>
    </div>)}
    <div class="row"><span class="strong">score</span><span class="track"><span class="keep" style={{ width: `${finding.score}%` }} /></span><span class="number strong">{finding.score.toFixed(1)}</span></div>
  </div>;
}

function Shown({ finding }: { finding: Finding }): VNode {
  return <>
    <div class="head">
      <h1>{finding.title}</h1>
      <span class="tags"><BandTag band={finding.band} /><Tag kind="info">{finding.rule}</Tag><Tag>{finding.state}</Tag></span>
      <div class="actions"><Copy label="Copy id" text={finding.id} /><a class="button" href={href("findings", "", { q: `rule:${finding.rule}` })}>All of this rule</a></div>
    </div>
    <p class="lead">On {finding.service === null ? <HostLink id={finding.host} /> : <ServiceLink id={finding.service} />}, {counted(finding.count, "time")} from <Time at={finding.first} /> to <Time at={finding.last} />.
      {finding.detail !== null && <> {finding.detail}.</>}</p>
    <Plate title="Instead"><p>{finding.replacement}</p></Plate>
    <div class="columns">
      <Plate title="Why this score"><Factors finding={finding} /></Plate>
      <Plate title="Who still uses it" about={counted(finding.clients.length, "client")}>
        {finding.clients.length === 0 ? <p class="soft">Nobody was seen to; it is offered.</p> :
          <Some of={finding.clients} most={12}>{(clients) => <ul>{clients.map((client) => <li key={client}><HostLink id={client} /></li>)}</ul>}</Some>}
      </Plate>
    </div>
    <Plate title="Evidence" about={counted(finding.evidence.length, "frame")}>
      <table class="list"><thead><tr><th>Time</th><th>Source</th><th class="number">Frame</th><th>What</th></tr></thead>
        <tbody>{finding.evidence.map((proof) => <tr key={`${proof.source}${proof.frame}${proof.what}`}>
          <td><Time at={proof.time} fraction={6} /></td><td class="mono" title={proof.source}>{proof.source.split("/").at(-1)}</td><td class="number mono">{proof.frame}</td><td>{proof.what}</td>
        </tr>)}</tbody></table>
    </Plate>
    <Plate title="Read more"><dl class="facts"><dt>ATT&CK</dt><dd>{finding.attack.join(", ") || "–"}</dd><dt>References</dt><dd>{finding.references.map((one) => <div key={one}>{one}</div>)}</dd></dl></Plate>
  </>;
}

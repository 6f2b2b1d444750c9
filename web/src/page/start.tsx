// The first page: the box, what the map holds, what is bad, what is new.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Certificate, Finding, Happening, Answer, Visibility } from "../api/types";
import { BandTag, DependencyLink, Empty, HostLink, NodeLink, Plate, ServiceLink, Tag, Time } from "../component/part";
import { Search } from "../component/search";
import { count, counted, percent } from "../number";
import { href } from "../route";
import { events, status } from "../state/live";
import { useDocument } from "../state/resource";

interface Page<K extends string, T> { visibility: Visibility; total: number; rows?: never; list: K; items: T[] }
type Listed<K extends string, T> = { [key in K]: T[] } & Omit<Page<K, T>, "list" | "items" | "rows">;

export function StartPage(): VNode {
  const findings = useDocument<Listed<"findings", Finding>>(withParameters(ofMap("/findings"), { limit: 6, q: "score:>=40" }));
  const certificates = useDocument<Listed<"certificates", Certificate>>(withParameters(ofMap("/certificates"), { limit: 6, q: "status:expiring,expired" }));
  const counts = status.value?.snapshot;
  const sight = findings.data?.visibility;
  return <div class="start">
    <h1 class="unseen">tapmap</h1>
    <Search autofocus />
    <p class="soft small">
      <code>10.0.3.9</code>, <code>10.0.3.9@2026-03-14T10:04Z</code>, a name, <code>isolate 10.0.3.0/24</code>, <code>user:eve</code> … press <kbd>?</kbd> for all that can be typed.
    </p>
    {counts !== null && counts !== undefined && <div class="tiles">
      <a class="tile" href={href("hosts")}><b>{count(counts.hosts)}</b><span>hosts</span></a>
      <a class="tile" href={href("services")}><b>{count(counts.services)}</b><span>services</span></a>
      <a class="tile" href={href("dependencies")}><b>{count(counts.dependencies)}</b><span>dependencies</span></a>
      <a class="tile" href={href("findings")}><b>{count(counts.findings)}</b><span>findings</span></a>
      <a class="tile" href={href("map")}><b>Map</b><span>as of {counts.as_of?.slice(0, 10)} {counts.as_of?.slice(11, 19)}Z</span></a>
    </div>}
    <div class="columns">
      <Plate title="Worst findings" right={<a href={href("findings")}>All findings</a>}>
        {findings.data === undefined ? null : findings.data.findings.length === 0
          ? <Empty title="Nothing medium or worse">{counts?.findings === 0 ? "No rule found anything on this map." : "Only low ones; all findings list them."}</Empty>
          : <ul>{findings.data.findings.map((finding) => <li key={finding.id} class="pair">
            <BandTag band={finding.band} /> <a href={href("finding", finding.id)}>{finding.title}</a>
            <span class="soft">on</span> {finding.service === null ? <HostLink id={finding.host} /> : <ServiceLink id={finding.service} />}
          </li>)}</ul>}
      </Plate>
      <Plate title="Certificates that end" right={<a href={href("certificates")}>All certificates</a>}>
        {certificates.data === undefined ? null : certificates.data.certificates.length === 0
          ? <Empty title="None is expired or about to">As far as certificates were seen.</Empty>
          : <ul>{certificates.data.certificates.map((one) => <li key={one.sha256} class="pair">
            <Tag kind={one.status} sign={one.status === "expired" ? "✕" : "⚠"}>{one.status}</Tag>
            <a href={href("certificate", one.sha256)}>{one.subject}</a>
            <span class="soft">{one.days_left === null ? "" : one.days_left < 0 ? `${-one.days_left} d ago` : `in ${one.days_left} d`}</span>
          </li>)}</ul>}
      </Plate>
      {sight !== undefined && <Blindness sight={sight} />}
      <News />
    </div>
  </div>;
}

/** What the tap could not see of the whole map. */
function Blindness({ sight }: { sight: Visibility }): VNode {
  const lines: string[] = [];
  if (sight.one_sided_pairs > 0) lines.push(`Only one side heard of ${count(sight.one_sided_pairs)} of ${counted(sight.pairs, "pair")} (${percent(sight.one_sided_pairs / sight.pairs)}).`);
  if (sight.acked_unseen_bytes > 0) lines.push(`${count(sight.acked_unseen_bytes)} bytes were received by somebody and never seen here: the mirror loses packets.`);
  if (sight.undetermined_directions > 0) lines.push(`The direction of ${counted(sight.undetermined_directions, "dependency", "dependencies")} is a guess.`);
  const hidden = sight.tls_endpoints_total - sight.tls_endpoints_with_certificate;
  if (hidden > 0) lines.push(`No certificate was seen of ${count(hidden)} of ${counted(sight.tls_endpoints_total, "TLS service")}.`);
  if (sight.cut_packets > 0) lines.push(`${counted(sight.cut_packets, "packet")} cut short by the capture.`);
  if ((sight.kernel_drops ?? 0) > 0) lines.push(`The kernel dropped ${counted(sight.kernel_drops ?? 0, "packet")}.`);
  if (sight.flows_not_read > 0) lines.push(`${counted(sight.flows_not_read, "flow")} only counted: too many at once.`);
  for (const { link_type: type, frames } of sight.link_types_not_read) lines.push(`${counted(frames, "frame")} of ${type} not read.`);
  return <section class="blind" aria-label="What this tap cannot see">
    <h2>What this tap cannot see</h2>
    <ul>{lines.map((line) => <li key={line}>{line}</li>)}
      {lines.length === 0 && <li class="fine">No loss, no one-sided pair, no guessed direction on the whole map.</li>}
      <li>Traffic that never passes the tap. Each answer says what that means for those whom it is about.</li></ul>
  </section>;
}

const SAYS: Record<string, string> = {
  "new-host": "New host", "new-service": "New service", "new-dependency": "New dependency", "new-name": "New name",
  "new-certificate": "New certificate", "direction-flipped": "Arrow turned round", finding: "Finding",
  "sensor-degraded": "Sensor degraded", "sensor-recovered": "Sensor recovered",
};

/** What happened last: of a sensor, its events; of captures, the newest of the story. */
function News(): VNode {
  const live = status.value?.source === "sensor";
  const story = useDocument<Answer<{ events: Happening[] }>>(live ? null : ofMap("/timeline"));
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  if (live) {
    return <Plate title="News" about="since this page was opened">
      {events.value.length === 0 ? <Empty title="Nothing new yet" /> : <ul>{events.value.slice(0, 8).map((event) => <li key={event.number} class="pair">
        <Time at={event.time} short /> <span>{SAYS[event.event] ?? event.event}</span>
        {event.event === "finding" ? <a href={href("finding", text(event.data["finding"]))}>{text(event.data["rule"])}</a>
          : text(event.data["dependency"]) !== "" ? <DependencyLink id={text(event.data["dependency"])} />
            : text(event.data["service"]) !== "" ? <ServiceLink id={text(event.data["service"])} />
              : text(event.data["host"]) !== "" && <HostLink id={text(event.data["host"])} />}
      </li>)}</ul>}
    </Plate>;
  }
  const last = story.data?.result.events.slice(-8).reverse() ?? [];
  return <Plate title="Last on this capture" right={<a href={href("timeline")}>The whole story</a>}>
    <table class="list"><tbody>{last.map((event) => <tr key={`${event.time}${event.text}${event.host ?? ""}`}>
      <td><Time at={event.time} short /></td><td>{event.host !== null && <NodeLink id={event.host} />}</td><td>{event.text}</td>
    </tr>)}</tbody></table>
  </Plate>;
}

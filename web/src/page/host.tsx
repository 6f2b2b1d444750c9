// One host: who it is, who needs it, what it needs, what is wrong with it, and what is not known.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Answer, Certificate, Host, HostCard, Offer, Session, Use } from "../api/types";
import { Blindness, Cite } from "../component/blindness";
import { Answered, BandTag, Copy, Empty, HostLink, Plate, ServiceLink, Some, Tag, Time } from "../component/part";
import { address, service } from "../id";
import { bytes, count, counted } from "../number";
import { href, subject } from "../route";
import { status } from "../state/live";
import { bestName } from "../state/names";
import { useDocument } from "../state/resource";
import { dated } from "../target";

export function HostPage(): VNode {
  const target = dated(subject.value, status.value?.snapshot?.as_of ?? null);
  const card = useDocument<Answer<HostCard>>(withParameters(ofMap("/host"), { target }));
  return <>
    <Answered of={card} rows={12} whole>{(answer) => <Card answer={answer} target={target} />}</Answered>
    {card.problem?.status === 404 && <NotThere target={target} />}
  </>;
}

/** Nobody is called so: perhaps somebody asked for the name. */
function NotThere({ target }: { target: string }): VNode {
  return <p class="sentence">
    Perhaps <a href={href("seen", target)}>somebody asked for {target}</a>, or <a href={href("hosts", "", { q: `name:~${target}` })}>a name contains it</a>.
  </p>;
}

const CLASS_TAG: Record<string, [string, string]> = {
  "exec-admin": ["admin", "▲"], "exec-shell": ["admin", "▲"], "exec-desktop": ["admin", "▲"], "exec-api": ["admin", "▲"], "db-exec": ["admin", "▲"],
  "ot-write": ["critical", "◆"], data: ["data", "●"], infra: ["info", "○"],
};

/** What one can do with an open way. */
export function ClassTag({ of }: { of: string }): VNode {
  const [kind, sign] = CLASS_TAG[of] ?? ["info", "○"];
  return <Tag kind={kind} sign={sign}>{of}</Tag>;
}

function Card({ answer, target }: { answer: Answer<HostCard>; target: string }): VNode {
  const { result } = answer;
  const { host } = result;
  const name = bestName(host);
  const at = target.includes("@") ? target.slice(target.indexOf("@") + 1) : undefined;
  const asked = at === undefined ? host.id : `${host.id}@${at}`;
  const clients = new Set(result.services.flatMap((offer) => offer.used_by));
  return <>
    <div class="head">
      <h1>{name ?? address(host.id)} {name !== null && <span class="mono soft">{address(host.id)}</span>}</h1>
      <span class="tags">
        {host.roles.map((role) => <Tag key={role}>{role}</Tag>)}
        {host.labels.map((label) => <Tag key={label} sign="⌗">{label}</Tag>)}
        <Tag kind="info">{host.internal ? "inside" : "outside"}</Tag>
        {host.vlans.map((vlan) => <Tag key={vlan} kind="info">VLAN {vlan}</Tag>)}
        {result.criticality !== null && <Tag kind="high">criticality {(1 + 4 * result.criticality.value).toFixed(1)} ({result.criticality.source})</Tag>}
      </span>
      <div class="actions">
        <a class="button primary" href={href("incident", asked)}>Incident</a>
        <a class="button" href={href("spread", asked)}>Spread</a>
        <a class="button" href={href("isolate", "", { targets: host.id })}>Isolate</a>
        <a class="button" href={href("map", "", { focus: host.id })}>Map</a>
        <a class="button" href={href("timeline", "", { targets: host.id })}>Timeline</a>
        <a class="button" href={href("egress", host.id)}>Egress</a>
        <Copy label="Copy link" text={() => location.href} />
      </div>
    </div>
    {at !== undefined && <div class="banner note"><span>
      Whoever held <span class="mono">{target.slice(0, target.indexOf("@"))}</span> at <Time at={at.length > 16 ? at : null} /> {at.length <= 16 && at}: {result.at === null ? "no change of hands is known; this is the only holder that was seen." : <>the machine <span class="mono">{result.at.mac}</span>, since <Time at={result.at.from} />{result.at.until !== null && <> until <Time at={result.at.until} /></>}.</>}
    </span></div>}
    <p class="lead">
      {clients.size === 0 ? "Nobody was seen to use it." : <><strong>{counted(clients.size, "host")}</strong> {clients.size === 1 ? "uses" : "use"} {counted(result.services.length, "service")} of it.</>}{" "}
      It uses <strong>{counted(result.uses.length, "service")}</strong> of others.{" "}
      {result.sessions.length > 0 && <><strong>{counted(result.sessions.length, "session")}</strong> open now.{" "}</>}
      {result.findings.length > 0 && <a href="#findings" onClick={(event) => { event.preventDefault(); document.getElementById("findings")?.scrollIntoView(); }}>{counted(result.findings.length, "finding")}.</a>}
    </p>
    <div class="columns">
      <UsedBy offers={result.services} />
      <Uses uses={result.uses} />
    </div>
    {result.sessions.length > 0 && <Sessions sessions={result.sessions} self={host.id} />}
    {result.findings.length > 0 && <Findings card={result} />}
    <div class="columns">
      <div><Identity card={result} /><Users card={result} /></div>
      <div><Blindness answer={answer} /><Certificates host={host} /></div>
    </div>
    <Cite answer={answer} />
  </>;
}

/** Who needs it. */
function UsedBy({ offers }: { offers: Offer[] }): VNode {
  return <Plate title="Who depends on it" about={counted(offers.length, "service")}>
    {offers.length === 0 ? <Empty title="It was not seen to serve anybody">What the tap cannot see stands below.</Empty> :
      <table class="list"><thead><tr><th>Service</th><th>Used by</th><th class="number">Flows</th><th class="number">Sent</th></tr></thead>
        <tbody>{offers.map((offer) => <tr key={offer.id}>
          <td><a class="mono nowrap" href={href("service", offer.id)}>{offer.port}/{offer.transport}</a> <span class="strong">{offer.protocol}</span>{" "}
            {offer.tls !== null && <Tag kind="low">TLS {offer.tls.versions.join(", ")}</Tag>}
            {offer.product !== null && <div class="small soft">{offer.product}</div>}
            {offer.protocol_evidence === "none" && <div class="small soft">only the port is known</div>}</td>
          <td><Some of={offer.used_by} most={6}>{(hosts) => hosts.map((host) => <div key={host}><HostLink id={host} /></div>)}</Some></td>
          <td class="number">{count(offer.answered_flows)}</td><td class="number nowrap">{bytes(offer.bytes_served)}</td>
        </tr>)}</tbody></table>}
  </Plate>;
}

/** What it needs. */
function Uses({ uses }: { uses: Use[] }): VNode {
  return <Plate title="What it depends on" about={counted(uses.length, "service")}>
    {uses.length === 0 ? <Empty title="It was not seen to ask anybody" /> :
      <Some of={uses} most={14}>{(rows) => <table class="list">
        <thead><tr><th>Service</th><th>For</th><th class="number">Flows</th><th class="number">Bytes</th><th>Last</th></tr></thead>
        <tbody>{rows.map((use) => <tr key={use.id}>
          <td><ServiceLink id={use.service} /></td>
          <td class="nowrap"><a href={href("dependency", use.id)}>{use.protocol}</a> {use.state === "attempt" ? <Tag kind="medium" sign="?">no answer</Tag> : <ClassTag of={use.class} />}</td>
          <td class="number">{count(use.flows)}</td><td class="number nowrap" title={`${bytes(use.bytes_to_server)} up, ${bytes(use.bytes_to_client)} down`}>{bytes(use.bytes_to_server + use.bytes_to_client)}</td>
          <td><Time at={use.last} short /></td>
        </tr>)}</tbody></table>}</Some>}
  </Plate>;
}

/** Sessions that stand open. */
export function Sessions({ sessions, self }: { sessions: Session[]; self: string }): VNode {
  return <Plate title="Open now" about={counted(sessions.length, "session")}>
    <div class="scroll"><table class="list"><thead><tr><th>Direction</th><th>With</th><th>What</th><th>Since</th><th>Last packet</th><th class="number">Up / down</th><th>Frame</th></tr></thead>
      <tbody>{sessions.map((row) => <tr key={row.dependency + row.client_port}>
        <td class="nowrap">{row.outgoing ? "→ out" : "← in"}</td>
        <td>{row.client === self ? <ServiceLink id={row.service} /> : <HostLink id={row.client} />}</td>
        <td class="nowrap">{row.protocol} <ClassTag of={row.class} /></td><td><Time at={row.since} /></td><td><Time at={row.last} short /></td>
        <td class="number nowrap">{bytes(row.bytes_to_server)} / {bytes(row.bytes_to_client)}</td><td class="mono" title={row.source}>{row.frame}</td>
      </tr>)}</tbody></table></div>
  </Plate>;
}

function Findings({ card }: { card: HostCard }): VNode {
  return <Plate title="Findings" id="findings" about={counted(card.findings.length, "of its own", "of its own")} right={card.takes_part_in.length > 0 && <>takes part in {count(card.takes_part_in.length)} of others</>}>
    <table class="list"><tbody>{card.findings.map((finding) => <tr key={finding.id}>
      <td><BandTag band={finding.band} /></td><td><a href={href("finding", finding.id)}>{finding.title}</a>{finding.detail !== null && <div class="small soft">{finding.detail}</div>}</td>
      <td class="mono">{finding.service !== null && `${service(finding.service)?.port ?? ""}`}</td><td class="nowrap">{finding.state}</td>
      <td class="number">{counted(finding.clients.length, "client")}</td>
    </tr>)}</tbody></table>
  </Plate>;
}

/** Who it is, over time. */
function Identity({ card }: { card: HostCard }): VNode {
  const { host } = card;
  return <Plate title="Identity over time">
    <dl class="facts">
      <dt>Seen</dt><dd><Time at={host.first} /> to <Time at={host.last} /></dd>
      {host.realm !== null && <><dt>Realm</dt><dd>{host.realm}</dd></>}
      <dt>Addresses</dt><dd class="mono">{host.addresses.join(", ")}</dd>
      <dt>Cards</dt><dd><span class="mono">{host.macs.join(", ") || "–"}</span> {host.vendor}</dd>
    </dl>
    {card.held.length > 0 && <><h3>Held by</h3><table class="list"><tbody>{card.held.map((turn) => <tr key={turn.mac + turn.from}>
      <td class="mono">{turn.mac}</td><td><Time at={turn.from} /> – {turn.until === null ? "now" : <Time at={turn.until} />}</td>
      <td class="soft">{turn.sources.join(", ")}</td><td>{turn.contested && <Tag kind="high" sign="▲">contested</Tag>}</td>
    </tr>)}</tbody></table></>}
    {card.elsewhere.length > 0 && <><h3>The same machine elsewhere</h3><ul>{card.elsewhere.map((row) => <li key={row.host}><HostLink id={row.host} /> <span class="soft">from</span> <Time at={row.turn.from} /></li>)}</ul></>}
    {host.names.length > 0 && <><h3>Names</h3><Some of={host.names} most={8}>{(names) => <table class="list"><tbody>{names.map((name) => <tr key={name.name + name.source}>
      <td><a class="mono" href={href("seen", name.name)}>{name.name}</a></td><td class="soft">{name.source}</td><td><Time at={name.first} short /> – <Time at={name.last} short /></td>
    </tr>)}</tbody></table>}</Some></>}
  </Plate>;
}

function Users({ card }: { card: HostCard }): VNode | null {
  if (card.users.length === 0) return null;
  return <Plate title="Users" about={counted(card.users.length, "row")}>
    <table class="list"><thead><tr><th>User</th><th>From</th><th>At</th><th class="number">Times</th><th>Last</th></tr></thead>
      <tbody>{card.users.map((row) => <tr key={row.user + row.service + row.client}>
        <td><a class="mono" href={href("seen", `user:${row.user}`)}>{row.user}</a></td><td><HostLink id={row.client} /></td><td><ServiceLink id={row.service} /></td>
        <td class="number">{count(row.count)}</td><td><Time at={row.last} short /></td></tr>)}</tbody></table>
  </Plate>;
}

interface CertificateList { certificates: Certificate[]; total: number }

/** Certificates that it shows or is shown. */
function Certificates({ host }: { host: Host }): VNode | null {
  const list = useDocument<CertificateList>(withParameters(ofMap("/certificates"), { q: `host:${host.id}`, limit: 20 }));
  if (list.data === undefined || list.data.total === 0) return null;
  return <Plate title="Certificates" about={count(list.data.total)}>
    <table class="list"><tbody>{list.data.certificates.map((one) => <tr key={one.sha256}>
      <td><a href={href("certificate", one.sha256)}>{one.subject}</a></td>
      <td><Tag kind={one.status}>{one.status}</Tag></td><td class="number nowrap">{one.days_left === null ? "" : `${count(one.days_left)} d`}</td>
    </tr>)}</tbody></table>
  </Plate>;
}

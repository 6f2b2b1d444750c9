// One certificate: how long it lasts, where it is shown, who is hit when it ends.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Certificate, Dependency } from "../api/types";
import { Answered, Copy, HostLink, Plate, ServiceLink, Some, Tag, Time } from "../component/part";
import { count, counted } from "../number";
import { href, subject } from "../route";
import { useDocument, useRows } from "../state/resource";

export function CertificatePage(): VNode {
  const row = useDocument<Certificate>(ofMap(`/certificates/${encodeURIComponent(subject.value)}`));
  return <Answered of={row} whole>{(certificate) => <Shown one={certificate} />}</Answered>;
}

/** The services that show a certificate. */
export function endpoints(one: Certificate): string[] {
  return [...new Set(one.seen.filter((seen) => seen.role === "server").map((seen) => seen.service))];
}

/** How long it lasts, in words. */
export function left(days: number | null): string {
  if (days === null) return "not known";
  return days < 0 ? `ended ${counted(-days, "day")} ago` : `${counted(days, "day")} left`;
}

function Shown({ one }: { one: Certificate }): VNode {
  const services = endpoints(one);
  const hit = useRows<Dependency>(services.length === 0 ? null : withParameters(ofMap("/dependencies"), { q: `service:${services.slice(0, 60).join(",")}` }));
  const clients = [...new Set((hit.data ?? []).filter((row) => row.state !== "attempt").map((row) => row.client))];
  return <>
    <div class="head"><h1>{one.subject}</h1>
      <span class="tags"><Tag kind={one.status} sign={one.status === "valid" ? "✓" : "⚠"}>{one.status.replace("_", " ")}</Tag>{one.is_ca && <Tag>CA</Tag>}</span>
      <div class="actions"><Copy label="Copy SHA-256" text={one.sha256} /><a class="button" href={href("seen", `cert:${one.sha256}`)}>Who touched it</a></div>
    </div>
    <p class="lead"><strong>{left(one.days_left)}</strong>: valid from <Time at={one.not_before} /> to <Time at={one.not_after} />. {counted(services.length, "service")} {services.length === 1 ? "shows" : "show"} it{hit.data !== undefined && <>; <strong>{counted(clients.length, "client")}</strong> {clients.length === 1 ? "is" : "are"} hit when it ends</>}.</p>
    {one.problem !== null && <div class="banner"><strong>{one.problem}</strong></div>}
    <div class="columns">
      <Plate title="Who is hit" about={counted(clients.length, "client")}>
        <Some of={clients} most={14}>{(hosts) => <ul>{hosts.map((host) => <li key={host}><HostLink id={host} /></li>)}</ul>}</Some>
        {clients.length === 0 && <p class="soft">Nobody was seen to use a service that shows it.</p>}
      </Plate>
      <Plate title="The certificate"><dl class="facts">
        <dt>Issuer</dt><dd>{one.issuer}</dd><dt>Names</dt><dd>{one.san.map((name) => <div key={name} class="mono">{name}</div>)}</dd>
        <dt>Key</dt><dd>{one.key.algorithm} {one.key.bits}</dd><dt>Signature</dt><dd>{one.signature_algorithm}</dd>
        <dt>Serial</dt><dd class="mono">{one.serial}</dd><dt>SHA-256</dt><dd class="mono">{one.sha256}</dd><dt>Key’s SHA-256</dt><dd class="mono">{one.spki_sha256}</dd>
      </dl></Plate>
    </div>
    <Plate title="Where it was seen" about={count(one.seen.length)}>
      <div class="scroll"><table class="list"><thead><tr><th>Service</th><th>Asked as</th><th>Shown by</th><th class="number">Position</th><th>First</th><th>Last</th></tr></thead>
        <tbody>{one.seen.map((seen) => <tr key={`${seen.service}${seen.client ?? ""}${seen.sni ?? ""}${seen.role}`}>
          <td><ServiceLink id={seen.service} /></td><td class="mono">{seen.sni ?? "–"}</td><td>{seen.role === "client" && seen.client !== null ? <>client <HostLink id={seen.client} /></> : seen.role}</td>
          <td class="number">{seen.position}</td><td><Time at={seen.first} /></td><td><Time at={seen.last} /></td></tr>)}</tbody></table></div>
    </Plate>
  </>;
}

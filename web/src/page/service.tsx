// One service: who needs it, what stops with it, with what it proves who it is.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Dependency, Finding, Service } from "../api/types";
import { Answered, BandTag, Copy, Empty, HostLink, Plate, Tag, Time } from "../component/part";
import { ClassOfState } from "./dependency";
import { address, portOf, target } from "../id";
import { bytes, count, counted } from "../number";
import { href, subject } from "../route";
import { nameOf } from "../state/names";
import { useDocument, useRows } from "../state/resource";

export function ServicePage(): VNode {
  const id = /\/(tcp|udp|sctp)$/.test(subject.value) ? subject.value : `${subject.value}/tcp`;
  const row = useDocument<Service>(ofMap(`/services/${encodeURIComponent(id)}`));
  return <Answered of={row} whole>{(service) => <Shown service={service} />}</Answered>;
}

function Shown({ service }: { service: Service }): VNode {
  const users = useRows<Dependency>(withParameters(ofMap("/dependencies"), { q: `service:${service.id}` }));
  const findings = useRows<Finding>(withParameters(ofMap("/findings"), { q: `service:${service.id}` }));
  const { tls } = service;
  return <>
    <div class="head">
      <h1><span class="mono">{address(service.host)}{portOf(service.id)}</span> {nameOf(service.host)}</h1>
      <span class="tags"><Tag>{service.protocol}</Tag>{tls !== null && <Tag kind="low">TLS {tls.versions.join(", ")}</Tag>}
        {service.protocol_evidence !== "payload" && <Tag kind="medium" sign="?">{service.protocol_evidence === "none" ? "protocol unknown" : service.protocol_evidence}</Tag>}</span>
      <div class="actions">
        <a class="button primary" href={href("incident", target(service.id))}>What stops with it</a>
        <a class="button" href={href("host", service.host)}>Host</a>
        <a class="button" href={href("isolate", "", { targets: target(service.id) })}>Isolate</a>
        <Copy label="Copy link" text={() => location.href} />
      </div>
    </div>
    <p class="lead"><strong>{counted(service.clients, "client")}</strong>, {counted(service.flows, "flow")}, from <Time at={service.first} /> to <Time at={service.last} />.{service.product !== null && <> It says it is <strong>{service.product}</strong>.</>}</p>
    <div class="columns wide-left">
      <Plate title="Who depends on it">
        <Answered of={users}>{(rows) => rows.length === 0 ? <Empty title="Nobody was seen to use it" /> :
          <table class="list"><thead><tr><th>Client</th><th>State</th><th>Kind</th><th class="number">Flows</th><th class="number">Up / down</th><th>Last</th></tr></thead>
            <tbody>{rows.map((row) => <tr key={row.id}>
              <td><HostLink id={row.client} /></td><td><ClassOfState state={row.state} /></td><td><a href={href("dependency", row.id)}>{row.kind}</a></td>
              <td class="number">{count(row.flows)}</td><td class="number nowrap">{bytes(row.bytes_to_server)} / {bytes(row.bytes_to_client)}</td><td><Time at={row.last} short /></td>
            </tr>)}</tbody></table>}</Answered>
      </Plate>
      <div>
        {tls !== null && <Plate title="TLS"><dl class="facts">
          <dt>Versions</dt><dd>{tls.versions.join(", ") || "–"}</dd><dt>Asked as</dt><dd>{tls.sni.map((name) => <div key={name}><a class="mono" href={href("seen", name)}>{name}</a></div>)}</dd>
          <dt>ALPN</dt><dd>{tls.alpn.join(", ") || "–"}</dd><dt>JA4</dt><dd>{tls.ja4.map((ja4) => <div key={ja4}><a class="mono" href={href("seen", `ja4:${ja4}`)}>{ja4}</a></div>)}</dd>
          <dt>Certificate</dt><dd>{tls.certificates.length === 0 ? tls.certificate_visibility.replace("_", " ") : tls.certificates.map((sha) => <div key={sha}><a class="mono" href={href("certificate", sha)}>{sha.slice(0, 24)}…</a></div>)}</dd>
        </dl></Plate>}
        {findings.data !== undefined && findings.data.length > 0 && <Plate title="Findings" about={count(findings.data.length)}>
          <ul>{findings.data.map((finding) => <li key={finding.id} class="pair"><BandTag band={finding.band} /><a href={href("finding", finding.id)}>{finding.title}</a></li>)}</ul>
        </Plate>}
      </div>
    </div>
  </>;
}

// Who asked for something, and who touched it: an address, a name, a certificate, a fingerprint, a user.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Answer, Seen } from "../api/types";
import { Blindness, Cite } from "../component/blindness";
import { Answered, Empty, HostLink, Plate, ServiceLink, Some, Tag, Time } from "../component/part";
import { bytes, count, counted } from "../number";
import { href, subject } from "../route";
import { useDocument } from "../state/resource";

export function SeenPage(): VNode {
  const answer = useDocument<Answer<Seen>>(withParameters(ofMap("/seen"), { indicator: subject.value }));
  return <Answered of={answer} whole>{(told) => <Shown answer={told} />}</Answered>;
}

function Shown({ answer }: { answer: Answer<Seen> }): VNode {
  const { result } = answer;
  const touched = new Set(result.touched.map((row) => row.client));
  const asked = new Set(result.asked.map((row) => row.client));
  return <>
    <div class="head"><h1>Who touched <span class="mono">{subject.value}</span></h1>
      <span class="tags">{result.meant.map((one) => <Tag key={one.kind + one.value}>{one.kind}</Tag>)}</span></div>
    <p class="lead">{result.seen
      ? <><strong>{counted(touched.size, "host")}</strong> {touched.size === 1 ? "was" : "were"} in touch with it, {counted(asked.size, "host")} asked for its name; <strong>{bytes(result.bytes_up)}</strong> up, {bytes(result.bytes_down)} down, from <Time at={result.first} /> to <Time at={result.last} />.</>
      : <><strong>Never seen</strong> on this map.</>}
      {result.hidden.count > 0 && <> {counted(result.hidden.count, "host")} may have, unseen: {count(result.hidden.encrypted.length)} ask by encrypted DNS, {count(result.hidden.proxied.length)} by a proxy, of {count(result.hidden.silent.length)} no question was ever heard.</>}</p>
    <div class="columns wide-left">
      <div>
        {result.touched.length > 0 && <Plate title="In touch" about={count(result.touched.length)}><Some of={result.touched} most={30}>{(rows) => <div class="scroll"><table class="list">
          <thead><tr><th>Who</th><th>With</th><th>How</th><th class="number">Up / down</th><th>First</th><th>Last</th></tr></thead>
          <tbody>{rows.map((row) => <tr key={row.client + row.service + row.first}>
            <td><HostLink id={row.client} /></td><td><ServiceLink id={row.service} /></td>
            <td>{row.dependency === null ? row.protocol : <a href={href("dependency", row.dependency)}>{row.protocol}</a>} <span class="soft small">{row.how.join(", ").replaceAll("_", " ")}</span>{row.open && <> <Tag kind="admin" sign="▲">open</Tag></>}</td>
            <td class="number nowrap">{bytes(row.bytes_up)} / {bytes(row.bytes_down)}</td><td><Time at={row.first} /></td><td><Time at={row.last} short /></td></tr>)}</tbody></table></div>}</Some></Plate>}
        {result.asked.length > 0 && <Plate title="Asked for the name" about={count(result.asked.length)}><Some of={result.asked} most={30}>{(rows) => <div class="scroll"><table class="list">
          <thead><tr><th>Who</th><th>Name</th><th>Of whom</th><th class="number">Asked</th><th class="number">Answered</th><th>First</th><th>Last</th></tr></thead>
          <tbody>{rows.map((row) => <tr key={row.client + row.name + row.server}>
            <td><HostLink id={row.client} /></td><td class="mono">{row.name}</td><td><HostLink id={row.server} /></td><td class="number">{count(row.questions)}</td><td class="number">{count(row.answers)}</td>
            <td><Time at={row.first} /></td><td><Time at={row.last} short /></td></tr>)}</tbody></table></div>}</Some></Plate>}
        {!result.seen && <Plate title="Nobody"><Empty title="Nobody was seen to ask for it or to touch it">See what the tap cannot see before you rely on that.</Empty></Plate>}
      </div>
      <div>
        {result.hosts.length > 0 && <Plate title="Hosts that are it" about={count(result.hosts.length)}><Some of={result.hosts} most={10}>{(hosts) => <ul>{hosts.map((id) => <li key={id}><HostLink id={id} /></li>)}</ul>}</Some></Plate>}
        {result.certificates.length > 0 && <Plate title="Certificates" about={count(result.certificates.length)}><ul>{result.certificates.map((sha) => <li key={sha}><a class="mono" href={href("certificate", sha)}>{sha.slice(0, 32)}…</a></li>)}</ul></Plate>}
        <Blindness answer={answer} />
      </div>
    </div>
    <Cite answer={answer} />
  </>;
}

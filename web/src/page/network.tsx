// A network: who is in it, what leaves it, what comes in, and what to ask of it.
import type { VNode } from "preact";
import { ofMap, withParameters } from "../api/client";
import type { Dependency, Host } from "../api/types";
import { Answered, Empty, HostLink, Plate, ServiceLink, Some, Tag } from "../component/part";
import { count, counted } from "../number";
import { href, subject } from "../route";
import { useRows } from "../state/resource";

export function NetworkPage(): VNode {
  const network = subject.value;
  const hosts = useRows<Host>(withParameters(ofMap("/hosts"), { q: `host:${network}` }));
  const incoming = useRows<Dependency>(withParameters(ofMap("/dependencies"), { q: `server:${network} -client:${network} -state:attempt` }));
  const outgoing = useRows<Dependency>(withParameters(ofMap("/dependencies"), { q: `client:${network} -server:${network} -state:attempt` }));
  const clients = new Set(incoming.data?.map((row) => row.client)).size;
  return <>
    <div class="head"><h1 class="mono">{network}</h1>
      <div class="actions">
        <a class="button primary" href={href("isolate", "", { targets: network })}>Isolate: what breaks?</a>
        <a class="button" href={href("hosts", "", { q: `host:${network}` })}>Hosts</a>
        <a class="button" href={href("egress", network)}>Egress</a>
        <a class="button" href={href("timeline", "", { targets: network })}>Timeline</a>
      </div></div>
    <p class="lead">{hosts.data !== undefined && <><strong>{counted(hosts.data.length, "host")}</strong> seen in it. </>}
      {incoming.data !== undefined && <><strong>{counted(clients, "host")}</strong> outside {clients === 1 ? "uses" : "use"} it. </>}
      {outgoing.data !== undefined && <>It uses {counted(new Set(outgoing.data.map((row) => row.service)).size, "service")} outside.</>}</p>
    <div class="columns">
      <Plate title="Who depends on it from outside">
        <Answered of={incoming}>{(rows) => <Edges rows={rows} />}</Answered>
      </Plate>
      <Plate title="What it depends on outside">
        <Answered of={outgoing}>{(rows) => <Edges rows={rows} />}</Answered>
      </Plate>
    </div>
    <Plate title="Hosts" about={hosts.data === undefined ? "" : count(hosts.data.length)}>
      <Answered of={hosts}>{(rows) => rows.length === 0
        ? <Empty title="No host of this network was ever seen">That says nothing of what is there: perhaps the tap does not hear it.</Empty>
        : <Some of={rows} most={40}>{(some) => <table class="list"><tbody>{some.map((row) => <tr key={row.id}>
          <td><HostLink id={row.id} /></td><td class="tags">{row.roles.map((role) => <Tag key={role}>{role}</Tag>)}</td><td class="soft">{row.vendor}</td></tr>)}</tbody></table>}</Some>}</Answered>
    </Plate>
  </>;
}

function Edges({ rows }: { rows: Dependency[] }): VNode {
  if (rows.length === 0) return <Empty title="Nothing was seen" />;
  return <Some of={rows} most={15}>{(some) => <table class="list"><tbody>{some.map((row) => <tr key={row.id}>
    <td><HostLink id={row.client} /></td><td aria-label="uses">→</td><td><ServiceLink id={row.service} /></td><td><a href={href("dependency", row.id)}>{row.protocol}</a></td></tr>)}</tbody></table>}</Some>;
}

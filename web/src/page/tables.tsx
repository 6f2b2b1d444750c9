// The lists of the map as tables: hosts, services, dependencies, certificates, findings.
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { ofMap, withParameters } from "../api/client";
import type { Certificate, Dependency, Finding, Host, Service } from "../api/types";
import { Filter, type Chip } from "../component/filter";
import { BandTag, Empty, Fault, HostLink, Score, ServiceLink, Tag, Time, Waiting } from "../component/part";
import { Table, type Column } from "../component/table";
import { bytes, count, counted } from "../number";
import { change, href, place } from "../route";
import { bestName, nameOf } from "../state/names";
import { useRows } from "../state/resource";
import { ClassOfState, evidence } from "./dependency";
import { endpoints } from "./certificate";

interface ListProps<T> {
  title: string; list: string; columns: Column<T>[]; id: (row: T) => string; to: (row: T) => string;
  order: string; hint: string; chips: Chip[]; rows?: (rows: T[]) => T[]; children?: ComponentChildren;
}

function ListPage<T>({ title, list, columns, id, to, order, hint, chips, children }: ListProps<T>): VNode {
  const q = place.value.query.get("q") ?? "";
  const asked = useRows<T>(withParameters(ofMap(`/${list}`), { q }));
  return <>
    <div class="head"><h1>{title}</h1>{children}</div>
    <Filter hint={hint} chips={chips} />
    {asked.problem !== undefined && <Fault problem={asked.problem}>
      {q !== "" && <button type="button" onClick={() => { change({ q: "" }); }}>Without the filter</button>}</Fault>}
    {asked.data === undefined ? asked.problem === undefined && <Waiting rows={12} />
      : <Table name={list} columns={columns} rows={asked.data} id={id} to={to} order={order}
        empty={<Empty title={q === "" ? `No ${list} on this map` : `No ${list} match`}>{q !== "" && <p><button type="button" onClick={() => { change({ q: "" }); }}>Without the filter</button></p>}</Empty>} />}
  </>;
}

const host = (key: string, title: string, of: (row: never) => string, width = 230): Column<never> => ({
  key, title, width, value: (row) => of(row), cell: (row) => <HostLink id={of(row)} />,
});

const HOSTS: Column<Host>[] = [
  { key: "id", title: "Address", width: 170, value: (row) => row.id, cell: (row) => <a class="mono" href={href("host", row.id)}>{row.id}</a> },
  { key: "name", title: "Name", width: 220, value: (row) => bestName(row) ?? "", cell: (row) => <>{bestName(row)}{row.names.length > 1 && <span class="soft small"> +{row.names.length - 1}</span>}</> },
  { key: "roles", title: "Roles", width: 170, value: (row) => row.roles.join(" ") },
  { key: "labels", title: "Labels", width: 140, value: (row) => row.labels.join(" "), hidden: true },
  { key: "where", title: "Where", width: 90, value: (row) => (row.internal ? "inside" : "outside") },
  { key: "vlans", title: "VLANs", width: 90, value: (row) => row.vlans.join(" ") },
  { key: "macs", title: "Card", width: 170, value: (row) => row.macs.join(" "), cell: (row) => <span class="mono">{row.macs.join(" ")}</span> },
  { key: "vendor", title: "Maker", width: 180, value: (row) => row.vendor ?? "" },
  { key: "realm", title: "Realm", width: 110, value: (row) => row.realm ?? "", hidden: true },
  { key: "first", title: "First", width: 185, value: (row) => row.first ?? "", cell: (row) => <Time at={row.first} /> },
  { key: "last", title: "Last", width: 185, value: (row) => row.last ?? "", cell: (row) => <Time at={row.last} /> },
];

export function HostsPage(): VNode {
  return <ListPage<Host> title="Hosts" list="hosts" columns={HOSTS} id={(row) => row.id} to={(row) => href("host", row.id)} order="id"
    hint="10.0.3.0/24 role:database name:~db vlan:20 since:1h"
    chips={[{ label: "Inside", term: "internal:yes" }, { label: "Outside", term: "internal:no" }]} />;
}

const SERVICES: Column<Service>[] = [
  { key: "id", title: "Service", width: 270, value: (row) => row.id, cell: (row) => <ServiceLink id={row.id} /> },
  { key: "protocol", title: "Protocol", width: 120, value: (row) => row.protocol, cell: (row) => <>{row.protocol}{row.protocol_evidence === "none" && <span class="soft" title="Nothing was recognised"> ?</span>}</> },
  { key: "tls", title: "TLS", width: 110, value: (row) => row.tls?.versions.join(" ") ?? "", cell: (row) => row.tls === null ? <span class="soft">–</span> : <>{row.tls.versions.join(", ")}</> },
  { key: "clients", title: "Clients", width: 85, number: true, value: (row) => row.clients },
  { key: "flows", title: "Flows", width: 85, number: true, value: (row) => row.flows },
  { key: "product", title: "Software", width: 230, value: (row) => row.product ?? "" },
  { key: "sni", title: "Asked as", width: 220, value: (row) => row.tls?.sni.join(" ") ?? "" },
  { key: "certificate", title: "Certificate", width: 130, value: (row) => row.tls?.certificate_visibility ?? "", hidden: true },
  { key: "first", title: "First", width: 185, value: (row) => row.first, cell: (row) => <Time at={row.first} />, hidden: true },
  { key: "last", title: "Last", width: 185, value: (row) => row.last, cell: (row) => <Time at={row.last} /> },
];

export function ServicesPage(): VNode {
  return <ListPage<Service> title="Services" list="services" columns={SERVICES} id={(row) => row.id} to={(row) => href("service", row.id)} order="-clients"
    hint="port:443 proto:tls version:1.0 product:~apache clients:>10"
    chips={[{ label: "TLS", term: "tls:yes" }, { label: "Databases", term: "proto:postgresql,mysql,mssql,oracle,mongodb,redis" }, { label: "Remote access", term: "proto:ssh,rdp,telnet,vnc,winrm" }]} />;
}

const DEPENDENCIES: Column<Dependency>[] = [
  host("client", "Client", (row: Dependency) => row.client) as Column<Dependency>,
  { key: "service", title: "uses", width: 270, value: (row) => row.service, cell: (row) => <ServiceLink id={row.service} /> },
  { key: "protocol", title: "Protocol", width: 110, value: (row) => row.protocol, cell: (row) => <a href={href("dependency", row.id)}>{row.protocol}</a> },
  { key: "kind", title: "Kind", width: 110, value: (row) => row.kind },
  { key: "state", title: "State", width: 120, value: (row) => row.state, cell: (row) => <ClassOfState state={row.state} /> },
  { key: "evidence", title: "Arrow by", width: 110, value: (row) => row.direction.evidence, cell: (row) => <span title={evidence(row.direction.evidence)}>{row.direction.evidence.replace("_", "-")}{!row.direction.decided && " ?"}</span> },
  { key: "confidence", title: "Sure", width: 75, number: true, value: (row) => row.direction.confidence, hidden: true },
  { key: "flows", title: "Flows", width: 80, number: true, value: (row) => row.flows },
  { key: "failed", title: "Failed", width: 80, number: true, value: (row) => row.failed_flows },
  { key: "up", title: "To server", width: 95, number: true, value: (row) => row.bytes_to_server, cell: (row) => bytes(row.bytes_to_server) },
  { key: "down", title: "To client", width: 95, number: true, value: (row) => row.bytes_to_client, cell: (row) => bytes(row.bytes_to_client) },
  { key: "first", title: "First", width: 185, value: (row) => row.first, cell: (row) => <Time at={row.first} />, hidden: true },
  { key: "last", title: "Last", width: 185, value: (row) => row.last, cell: (row) => <Time at={row.last} /> },
];

export function DependenciesPage(): VNode {
  return <ListPage<Dependency> title="Dependencies" list="dependencies" columns={DEPENDENCIES} id={(row) => row.id} to={(row) => href("dependency", row.id)} order="-flows"
    hint="client:10.0.2.17 server:db1 kind:functional state:observed bytes:>1M"
    chips={[{ label: "No answer", term: "state:attempt" }, { label: "Management", term: "kind:management" }, { label: "Direction unsure", term: "decided:no" }, { label: "One side heard", term: "one_sided:yes" }]} />;
}

/** Who uses the services that show a certificate, distinct. */
export function hitBy(certificates: Certificate[], dependencies: Dependency[]): Map<string, string[]> {
  const of = new Map<string, Set<string>>();
  for (const row of dependencies) {
    if (row.state === "attempt") continue;
    const clients = of.get(row.service) ?? new Set();
    of.set(row.service, clients.add(row.client));
  }
  return new Map(certificates.map((one) => [one.sha256, [...new Set(endpoints(one).flatMap((id) => [...(of.get(id) ?? [])]))]]));
}

export function CertificatesPage(): VNode {
  const dependencies = useRows<Dependency>(ofMap("/dependencies"));
  const all = useRows<Certificate>(ofMap("/certificates"));
  const hit = useMemo(() => hitBy(all.data ?? [], dependencies.data ?? []), [all.data, dependencies.data]);
  const clients = (row: Certificate): string[] => hit.get(row.sha256) ?? [];
  const columns: Column<Certificate>[] = [
    { key: "subject", title: "Subject", width: 270, value: (row) => row.subject, cell: (row) => <a href={href("certificate", row.sha256)}>{row.subject}</a> },
    { key: "status", title: "Status", width: 125, value: (row) => row.status, cell: (row) => <Tag kind={row.status} sign={row.status === "valid" ? "✓" : row.status === "expired" ? "✕" : "⚠"}>{row.status.replaceAll("_", " ")}</Tag> },
    { key: "days_left", title: "Days left", width: 95, number: true, value: (row) => row.days_left ?? Number.NaN, cell: (row) => (row.days_left === null ? "–" : count(row.days_left)) },
    { key: "not_after", title: "Ends", width: 185, value: (row) => row.not_after, cell: (row) => <Time at={row.not_after} /> },
    { key: "hit", title: "Who is hit", width: 260, about: "Clients of the services that show it", value: (row) => clients(row).length, cell: (row) => <span title={clients(row).join(", ")}><strong>{counted(clients(row).length, "client")}</strong> <span class="soft">{clients(row).slice(0, 3).map((id) => nameOf(id) ?? id).join(", ")}</span></span> },
    { key: "endpoints", title: "Shown by", width: 240, value: (row) => endpoints(row).length, cell: (row) => { const [first, ...rest] = endpoints(row); return first === undefined ? <span class="soft">only in a chain</span> : <><ServiceLink id={first} />{rest.length > 0 && <span class="soft"> +{rest.length}</span>}</>; } },
    { key: "issuer", title: "Issuer", width: 240, value: (row) => row.issuer },
    { key: "key", title: "Key", width: 110, value: (row) => `${row.key.algorithm} ${row.key.bits ?? ""}` },
    { key: "names", title: "Names", width: 240, value: (row) => row.san.join(" "), hidden: true },
    { key: "sha256", title: "SHA-256", width: 220, value: (row) => row.sha256, cell: (row) => <span class="mono">{row.sha256}</span>, hidden: true },
  ];
  return <ListPage<Certificate> title="Certificates" list="certificates" columns={columns} id={(row) => row.sha256} to={(row) => href("certificate", row.sha256)} order="days_left"
    hint="days_left:0-30 status:expired issuer:~corp name:~intranet"
    chips={[{ label: "End within 30 days", term: "days_left:0-30" }, { label: "Expired", term: "status:expired" }, { label: "90 days", term: "days_left:0-90" }]}><Coverage /></ListPage>;
}

/** Of how many TLS services a certificate was seen. */
function Coverage(): VNode | null {
  const services = useRows<Service>(withParameters(ofMap("/services"), { q: "tls:yes" }));
  if (services.data === undefined) return null;
  const told = new Map<string, number>();
  for (const row of services.data) told.set(row.tls?.certificate_visibility ?? "none", (told.get(row.tls?.certificate_visibility ?? "none") ?? 0) + 1);
  const seen = (told.get("seen") ?? 0) + (told.get("inherited") ?? 0);
  const hidden = [...told].filter(([word]) => word !== "seen" && word !== "inherited").map(([word, number]) => `${count(number)} ${word.replace("_", " ")}`);
  return <span class="soft">certificate seen of {count(seen)} of {counted(services.data.length, "TLS service")}{hidden.length > 0 && `; ${hidden.join(", ")}`}</span>;
}

const FINDINGS: Column<Finding>[] = [
  { key: "score", title: "Score", width: 185, number: true, value: (row) => row.score, cell: (row) => <span title={row.explanation.map(({ factor, points }) => `${factor} ${points.toFixed(1)}`).join(", ")}><Score score={row.score} band={row.band} /></span> },
  { key: "band", title: "Band", width: 105, value: (row) => row.severity, cell: (row) => <BandTag band={row.band} /> },
  { key: "title", title: "What", width: 320, value: (row) => row.title, cell: (row) => <a href={href("finding", row.id)}>{row.title}</a> },
  { key: "where", title: "Where", width: 250, value: (row) => row.service ?? row.host, cell: (row) => (row.service === null ? <HostLink id={row.host} /> : <ServiceLink id={row.service} />) },
  { key: "state", title: "State", width: 105, value: (row) => row.state },
  { key: "clients", title: "Still used by", width: 210, value: (row) => row.clients.length, cell: (row) => <>{counted(row.clients.length, "client")} <span class="soft">{row.clients.slice(0, 2).map((id) => nameOf(id) ?? id).join(", ")}</span></> },
  { key: "evidence", title: "Frames", width: 130, value: (row) => row.evidence.length, cell: (row) => <span class="mono" title={row.evidence.map((proof) => `${proof.source} #${proof.frame} ${proof.what}`).join("\n")}>{row.evidence.slice(0, 2).map((proof) => `#${proof.frame}`).join(" ")}</span> },
  { key: "replacement", title: "Instead", width: 320, value: (row) => row.replacement, cell: (row) => <span title={row.replacement}>{row.replacement}</span> },
  { key: "rule", title: "Rule", width: 100, value: (row) => row.rule },
  { key: "count", title: "Times", width: 75, number: true, value: (row) => row.count },
  { key: "last", title: "Last", width: 185, value: (row) => row.last, cell: (row) => <Time at={row.last} /> },
];

export function FindingsPage(): VNode {
  return <ListPage<Finding> title="Findings" list="findings" columns={FINDINGS} id={(row) => row.id} to={(row) => href("finding", row.id)} order="-score"
    hint="band:critical,high rule:CERT-01 state:used host:10.0.3.9 score:>60"
    chips={[{ label: "Critical, high", term: "band:critical,high" }, { label: "Really used", term: "state:used,negotiated" }]} />;
}

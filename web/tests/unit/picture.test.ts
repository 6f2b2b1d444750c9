// What is drawn: the map's nodes and arrows, where they stand, the rings, the matrix; and what is said of blindness.
import { expect, test } from "vitest";
import type { Affected, Dependency, Exposure, Host, Sight } from "../../src/api/types";
import { HALF_MAX, nodes, place as rings } from "../../src/incident/rings";
import { graphml, svg } from "../../src/map/file";
import { draw, stateOf, times, type Wish } from "../../src/map/graph";
import { place, seeded, type Wanted } from "../../src/map/layout";
import { hostOf } from "../../src/id";
import { matrix, segment } from "../../src/segment";
import { lines } from "../../src/sight";
import { sorted, type Column } from "../../src/sort";

const host = (id: string, internal = true): Host => ({ id, addresses: [id], realm: null, vlans: [], macs: [], vendor: null, roles: [], labels: [], internal, first: null, last: null, names: [] });
const time = (second: number): string => new Date(second * 1000).toISOString();
const arrow = (client: string, server: string, first = 0, last = 100, state = "observed"): Dependency => ({
  id: `${client}>${server}:80/tcp`, client, client_address: client, service: `${server}:80/tcp`, server_address: server, server_port: 80, transport: "tcp",
  protocol: "http", kind: "functional", state, initiator: "client", one_sided: false, direction: { decided: true, evidence: "syn", confidence: 1 },
  flows: 2, failed_flows: 0, packets_to_server: 1, packets_to_client: 1, bytes_to_server: 10, bytes_to_client: 20, first: time(first), last: time(last),
});
const wish: Wish = { by: "none", open: new Set(), focus: null, at: null, before: null, active: 10_000, name: (id) => id };
const hosts = new Map(["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2", "10.0.1.9"].map((id) => [id, host(id)]));
hosts.set("8.8.8.8", host("8.8.8.8", false));
const all = [arrow("10.0.0.1", "10.0.1.1"), arrow("10.0.0.2", "10.0.1.2", 0, 50), arrow("10.0.1.1", "8.8.8.8", 60), arrow("10.0.0.1", "10.0.0.2", 0, 100, "attempt")];

test("the map shows every host and every dependency, and nothing else", () => {
  const drawn = draw(hosts, all, wish, times(all));
  expect(drawn.nodes.flatMap((node) => node.members).sort()).toEqual([...hosts.keys()].sort());
  expect(drawn.edges.flatMap((edge) => edge.dependencies.map((row) => row.id)).sort()).toEqual(all.map((row) => row.id).sort());
  expect(drawn.edges.map((edge) => edge.state)).toEqual(["active", "idle", "active", "unanswered"]);
});

test("groups stand for their hosts, and open in place", () => {
  const closed = draw(hosts, all, { ...wish, by: "segment" }, times(all));
  expect(closed.nodes.map((node) => [node.label, node.members.length])).toEqual([["10.0.0.0/24", 2], ["10.0.1.0/24", 3], ["outside", 1]]);
  expect(closed.edges.map((edge) => [edge.id, edge.dependencies.length])).toEqual([["group:10.0.0.0/24>group:10.0.1.0/24", 2], ["group:10.0.1.0/24>group:outside", 1]]);
  const open = draw(hosts, all, { ...wish, by: "segment", open: new Set(["10.0.0.0/24"]) }, times(all));
  expect(open.nodes.filter((node) => !node.group).map((node) => node.id)).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(draw(hosts, all, { ...wish, focus: "10.0.1.1" }, times(all)).edges.length).toBe(2);
});

test("an arrow is there from its first packet on, and two moments are compared", () => {
  const at = (second: number, before: number | null = null): (string | null)[] => all.map((row) => stateOf(row, Date.parse(row.first), Date.parse(row.last), { at: second * 1000, before: before === null ? null : before * 1000, active: 10_000 }, 100_000));
  expect(at(55)).toEqual(["active", "active", null, "unanswered"]);
  expect(at(100, 40)).toEqual(["idle", "before", "after", "idle"]);
});

test("the same map stands the same way each time, and who stands somewhere stays", () => {
  const wanted: Wanted = { nodes: ["a", "b", "c", "d", "e"].map((id) => ({ id, size: 5, at: null })), edges: [["a", "b"], ["b", "c"], ["c", "d"]].map(([source, target]) => ({ source: source ?? "", target: target ?? "", weight: 1 })) };
  const first = place(wanted);
  expect(place(wanted)).toEqual(first);
  expect([...first.keys()].sort()).toEqual(["a", "b", "c", "d", "e"]);
  const again = place({ nodes: [...wanted.nodes.map((node) => ({ ...node, at: first.get(node.id) ?? null })), { id: "f", size: 5, at: null }], edges: [...wanted.edges, { source: "a", target: "f", weight: 1 }] });
  for (const id of ["a", "b", "c", "d", "e"]) expect(again.get(id), id).toEqual(first.get(id));
  expect(again.has("f")).toBe(true);
  const values = Array.from({ length: 1_000 }, (_, at) => seeded(`10.0.0.${at}`));
  expect(values.filter((value) => value < 0.5).length).toBeGreaterThan(420);
  expect(values.filter((value) => value < 0.5).length).toBeLessThan(580);
});

test("files hold what is drawn, and no name breaks them", () => {
  const drawn = draw(hosts, all, { ...wish, name: (id) => (id === "10.0.0.1" ? "<b>&\"" : id) }, times(all));
  const text = graphml(drawn);
  expect(text.match(/<node /g)?.length).toBe(6);
  expect(text.match(/<edge /g)?.length).toBe(4);
  expect(text).toContain("&lt;b&gt;&amp;&quot;");
  expect(text).not.toContain("<b>");
  const places = new Map(drawn.nodes.map((node, at) => [node.id, { x: at, y: at * 2 }]));
  expect(svg(drawn, places, () => 5, { ground: "#fff", ink: "#000", node: () => "#00f", edge: () => "#888" })).toMatch(/^<svg [\s\S]+<\/svg>\n$/);
});

const affected = (node: string, hop: number): Affected => ({ node, name: null, address: node, service: null, hop, probability: 1, because: [], group: null, why: null, strength: 1, confidence: 1, requests: null, waited: null, clients: 0, criticality: { value: 0, level: 1, source: "inferred" } });

test("the rings have everybody on his side, or say how many more", () => {
  const exposure: Exposure = { observed: [], potential: 0, theoretical: 0, potential_services: 0, potential_onward: 0, unused: [], onward: Array.from({ length: 40 }, (_, at) => ({ host: `h${at}`, address: `h${at}`, hop: 2, dependency: `x>h${at}:1/tcp` })) };
  const picture = rings(nodes([affected("a", 1), affected("b", 2)], [affected("c", 1)], exposure), 100);
  expect(picture.nodes.filter((node) => node.side === "left").every((node) => node.x < 0)).toBe(true);
  expect(picture.nodes.filter((node) => node.side === "right").every((node) => node.x > 0)).toBe(true);
  expect(picture.nodes.length).toBe(3 + HALF_MAX);
  expect(picture.more.map((more) => more.count)).toEqual([40 - HALF_MAX]);
});

test("segments", () => {
  expect(segment("10.0.3.9", host("10.0.3.9"))).toBe("10.0.3.0/24");
  expect(segment("2001:db8::5", host("2001:db8::5"))).toBe("2001:db8::/64");
  expect(segment("2001:db8:0:7::5", host("x"))).toBe("2001:db8:0:7::/64");
  expect(segment("8.8.8.8", host("8.8.8.8", false))).toBe("outside");
  const { segments, cells } = matrix(all, hosts, hostOf);
  expect(segments).toEqual(["10.0.0.0/24", "10.0.1.0/24", "outside"]);
  expect(cells.get("10.0.0.0/24 10.0.1.0/24")).toEqual({ dependencies: 2, flows: 4, bytes: 60, management: 0, unanswered: 0 });
  expect(cells.get("10.0.0.0/24 10.0.0.0/24")?.unanswered).toBe(1);
});

test("what is not seen is said before what is", () => {
  const sight: Sight = { both_directions: false, one_sided_pairs: 2, pairs: 5, same_segment_seen: false, same_segment_hosts: 41, segments: ["VLAN 20"], gaps: [{ first: time(0), last: time(60) }], frontier: ["10.9.1.4"], frontier_count: 1, loss: 0.0002, undetermined_directions: 1 };
  const told = lines(sight, 3_600);
  expect(told.filter((line) => !line.fine).length).toBe(7);
  expect(told.findIndex((line) => line.fine)).toBe(-1);
  expect(told[0]?.text).toContain("41 hosts");
  const fine = lines({ ...sight, both_directions: true, same_segment_seen: true, gaps: [], frontier: [], frontier_count: 0, loss: 0, undetermined_directions: 0 }, 3_600);
  expect(fine.filter((line) => !line.fine).length).toBe(1);
});

test("rows are sorted as people sort", () => {
  const column: Column<{ key: string | number }> = { key: "key", title: "", width: 1, value: (row) => row.key };
  const of = (keys: (string | number)[], down = false): (string | number)[] => sorted(keys.map((key) => ({ key })), column, down).map((row) => row.key);
  expect(of(["10.0.0.10", "10.0.0.9"])).toEqual(["10.0.0.9", "10.0.0.10"]);
  expect(of([3, 10, 2], true)).toEqual([10, 3, 2]);
  expect(of([Number.NaN, 1])).toEqual([1, Number.NaN]);
});

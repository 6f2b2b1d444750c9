// What the map draws: hosts or groups of them, and the arrows between; from the lists of the API, nothing else.
import type { Dependency, Host } from "../api/types";
import { hostOf } from "../id";
import { OUTSIDE, segment } from "../segment";

export type Grouping = "none" | "segment" | "role" | "vlan" | "label";
export type State = "active" | "idle" | "gone" | "unanswered" | "before" | "after";
export interface MapNode { id: string; group: boolean; label: string; members: string[]; kind: "inside" | "outside" | "infra"; weight: number }
export interface MapEdge { id: string; source: string; target: string; dependencies: Dependency[]; state: State; infra: boolean; decided: boolean }
export interface Drawn { nodes: MapNode[]; edges: MapEdge[]; hosts: number; dependencies: number }

export interface Wish {
  by: Grouping;
  /** Groups that are opened in place. */
  open: ReadonlySet<string>;
  /** Only this host and whom it is in touch with. */
  focus: string | null;
  /** The moment that is shown, in milliseconds; null for the newest. */
  at: number | null;
  /** Compared with this earlier moment; null for no comparison. */
  before: number | null;
  /** How long ago an arrow may have been active and still counts so, in milliseconds. */
  active: number;
  name: (id: string) => string;
}

/** Above so many hosts the map begins with groups. */
export const HOSTS_MAX = 300;
const INFRA = ["dns-server", "dhcp-server", "time-server", "ntp-server", "domain-controller", "router", "gateway", "proxy", "log-server", "monitoring"];

export function groupOf(id: string, host: Host | undefined, by: Grouping): string | null {
  switch (by) {
    case "none": return null;
    case "segment": return segment(id, host);
    case "role": return host?.roles[0] ?? (host?.internal === false ? "outside" : "no role");
    case "vlan": return host?.vlans[0] === undefined ? (host?.internal === false ? "outside" : "no VLAN") : `VLAN ${host.vlans[0]}`;
    case "label": return host?.labels[0] ?? (host?.internal === false ? "outside" : "no label");
  }
}

/** How an arrow stands at a moment. */
export function stateOf(row: Dependency, first: number, last: number, wish: Pick<Wish, "at" | "before" | "active">, newest: number): State | null {
  const now = wish.at ?? newest;
  if (wish.before !== null) {
    const there = (moment: number): boolean => first <= moment && last >= moment - wish.active;
    const [then, later] = [there(wish.before), there(now)];
    if (!then && !later) return null;
    return then && later ? "idle" : later ? "after" : "before";
  }
  if (first > now) return null;
  if (row.state === "attempt") return "unanswered";
  if (row.state === "stale" || row.state === "retired") return "gone";
  return last >= now - wish.active ? "active" : "idle";
}

const RANK: State[] = ["after", "before", "active", "idle", "unanswered", "gone"];

/** When arrows were there, in milliseconds: reading a time is dear where there are many. */
export interface Times { first: Float64Array; last: Float64Array; oldest: number; newest: number }

export function times(dependencies: Dependency[]): Times {
  const told: Times = { first: new Float64Array(dependencies.length), last: new Float64Array(dependencies.length), oldest: Infinity, newest: -Infinity };
  dependencies.forEach((row, at) => {
    const [first, last] = [Date.parse(row.first), Date.parse(row.last)];
    told.first[at] = first;
    told.last[at] = last;
    told.oldest = Math.min(told.oldest, first);
    told.newest = Math.max(told.newest, last);
  });
  return dependencies.length === 0 ? { ...told, oldest: 0, newest: 1 } : told;
}

/** Who stands where, and what leads from one to the other. */
export function draw(hosts: ReadonlyMap<string, Host>, dependencies: Dependency[], wish: Wish, times: Times): Drawn {
  const nodes = new Map<string, MapNode>();
  const edges = new Map<string, MapEdge>();
  const placed = new Map<string, string>();
  let count = 0;
  const node = (id: string): string => {
    const known = placed.get(id);
    if (known !== undefined) return known;
    const host = hosts.get(id);
    const group = groupOf(id, host, wish.by);
    const own = group === null || wish.open.has(group) || wish.focus !== null ? id : `group:${group}`;
    let there = nodes.get(own);
    if (there === undefined) {
      there = { id: own, group: own !== id, label: own === id ? wish.name(id) : (group ?? ""), members: [], weight: 0, kind: own !== id ? (group === OUTSIDE ? "outside" : "inside") : kindOf(host) };
      nodes.set(own, there);
    }
    there.members.push(id);
    placed.set(id, own);
    return own;
  };
  for (const [at, row] of dependencies.entries()) {
    const server = hostOf(row.service);
    if (wish.focus !== null && row.client !== wish.focus && server !== wish.focus) continue;
    const state = stateOf(row, times.first[at] ?? 0, times.last[at] ?? 0, wish, times.newest);
    if (state === null) continue;
    count += 1;
    const [source, target] = [node(row.client), node(server)];
    const of = nodes.get(target);
    if (of !== undefined) of.weight += 1;
    if (source === target) continue;
    const id = `${source}>${target}`;
    const there = edges.get(id);
    if (there === undefined) {
      edges.set(id, { id, source, target, dependencies: [row], state, infra: row.kind === "infra", decided: row.direction.decided });
    } else {
      there.dependencies.push(row);
      if (RANK.indexOf(state) < RANK.indexOf(there.state)) there.state = state;
      there.infra &&= row.kind === "infra";
      there.decided &&= row.direction.decided;
    }
  }
  // Who has no arrow is there all the same, as long as nobody asks for some only.
  if (wish.focus === null && wish.before === null && wish.at === null) for (const id of hosts.keys()) node(id);
  return { nodes: [...nodes.values()], edges: [...edges.values()], hosts: placed.size, dependencies: count };
}

function kindOf(host: Host | undefined): MapNode["kind"] {
  if (host === undefined || !host.internal) return host === undefined ? "inside" : "outside";
  return host.roles.some((role) => INFRA.includes(role)) ? "infra" : "inside";
}

/** How long an arrow counts as active on a map that was watched for a time: a tenth of it, from ten seconds to an hour. */
export function activeFor(watched: number): number {
  return Math.min(3_600_000, Math.max(10_000, watched / 10));
}

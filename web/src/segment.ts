// To which part of the network a host belongs, by its address: /24 and /64, as most sites cut theirs.
import type { Host } from "./api/types";
import { address } from "./id";

export const OUTSIDE = "outside";

/** The network of an address: `10.0.3.0/24`, `2001:db8:1:2::/64`. */
export function segment(id: string, host: Host | undefined): string {
  if (host !== undefined && !host.internal) return OUTSIDE;
  const text = address(id);
  if (text.includes(":")) return `${groups(text).slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(":").replace(/(:0)+$/, "")}::/64`;
  const parts = text.split(".");
  return parts.length === 4 ? `${parts.slice(0, 3).join(".")}.0/24` : "other";
}

/** The eight groups of an IPv6 address. */
function groups(text: string): string[] {
  const [head = "", tail] = text.split("::");
  const before = head === "" ? [] : head.split(":");
  if (tail === undefined) return before;
  const after = tail === "" ? [] : tail.split(":");
  return [...before, ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0"), ...after];
}

/** A cell of the matrix: what hosts of one segment use in another. */
export interface Cell { dependencies: number; flows: number; bytes: number; management: number; unanswered: number }

interface Edge { client: string; service: string; state: string; kind: string; flows: number; bytes_to_server: number; bytes_to_client: number; server_address: string }

/** The matrix of all segments, from client to server. */
export function matrix(edges: Edge[], hosts: ReadonlyMap<string, Host>, serverOf: (service: string) => string): { segments: string[]; cells: Map<string, Cell> } {
  const cells = new Map<string, Cell>();
  const seen = new Set<string>();
  for (const edge of edges) {
    const server = serverOf(edge.service);
    const [from, to] = [segment(edge.client, hosts.get(edge.client)), segment(server, hosts.get(server))];
    seen.add(from).add(to);
    const key = `${from} ${to}`;
    const cell = cells.get(key) ?? { dependencies: 0, flows: 0, bytes: 0, management: 0, unanswered: 0 };
    if (edge.state === "attempt") cell.unanswered += 1;
    else {
      cell.dependencies += 1;
      cell.flows += edge.flows;
      cell.bytes += edge.bytes_to_server + edge.bytes_to_client;
      if (edge.kind === "management") cell.management += 1;
    }
    cells.set(key, cell);
  }
  const order = new Intl.Collator("en", { numeric: true }).compare;
  const segments = [...seen].sort((one, other) => Number(one === OUTSIDE) - Number(other === OUTSIDE) || order(one, other));
  return { segments, cells };
}

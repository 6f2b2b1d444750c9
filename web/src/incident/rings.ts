// Where the nodes of the rings stand: what stops with the middle at the left, what can be reached from it
// at the right, each on the ring of its hop. Pure geometry, the same for the same answer.
import type { Affected, Exposure } from "../api/types";

export interface Node { id: string; hop: number; side: "left" | "right"; kind: "fails" | "may" | "admin" | "data" | "infra" | "onward" | "out"; from?: string; label: string }
export interface Placed extends Node { x: number; y: number; ring: number }
/** Nodes of a ring for which there was no room. */
export interface More { x: number; y: number; count: number; side: "left" | "right" }
export interface Picture { nodes: Placed[]; more: More[]; radii: number[] }

/** Nodes that one half of a ring has room for: 12 px apart at a radius of 90 and more. */
export const HALF_MAX = 18;
const RINGS_MAX = 3;

/** Classes by which somebody can run something. */
export function isAdmin(capability: string): boolean {
  return capability.startsWith("exec") || capability === "db-exec" || capability === "ot-write";
}

/** What is drawn of an answer. */
export function nodes(must: Affected[], may: Affected[], exposure: Exposure | null): Node[] {
  const affected = (rows: Affected[], kind: "fails" | "may"): Node[] => rows.map((row) => ({
    id: row.service ?? row.node, hop: Math.max(1, row.hop), side: "left", kind, label: row.name ?? row.address,
  }));
  const direct: Node[] = (exposure?.observed ?? []).map((row) => ({
    id: row.host, hop: 1, side: "right", label: row.address,
    kind: isAdmin(row.class) ? "admin" : row.external ? "out" : row.class === "data" ? "data" : "infra",
  }));
  const known = new Set(direct.map((node) => node.id));
  const onward: Node[] = (exposure?.onward ?? []).filter((row) => !known.has(row.host)).map((row) => ({
    id: row.host, hop: Math.max(2, row.hop), side: "right", kind: "onward", label: row.address, from: row.dependency.split(">")[0] ?? "",
  }));
  return [...affected(must, "fails"), ...affected(may, "may"), ...direct, ...onward];
}

const ORDER = ["fails", "may", "admin", "data", "out", "infra", "onward"];

/** Places them on rings around the origin. */
export function place(all: Node[], radius: number): Picture {
  const rings = Math.min(RINGS_MAX, Math.max(1, ...all.map((node) => node.hop)));
  const radii = Array.from({ length: rings }, (_, at) => radius * (rings === 1 ? 0.72 : (0.45 + (0.55 * at) / (rings - 1))));
  const picture: Picture = { nodes: [], more: [], radii };
  for (const side of ["left", "right"] as const) {
    for (let ring = 0; ring < rings; ring += 1) {
      const here = all.filter((node) => node.side === side && Math.min(rings, node.hop) === ring + 1)
        .sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind) || one.id.localeCompare(other.id, "en", { numeric: true }));
      const fits = here.slice(0, HALF_MAX);
      const slots = fits.length + (here.length > HALF_MAX ? 1 : 0);
      const point = (at: number): { x: number; y: number } => {
        // From 12 to 6 o'clock, with a margin at both ends so that the halves stay apart.
        const turn = (Math.PI * (at + 0.5)) / Math.max(1, slots) * 0.86 + Math.PI * 0.07;
        const r = radii[ring] ?? radius;
        return { x: (side === "left" ? -1 : 1) * r * Math.sin(turn), y: -r * Math.cos(turn) };
      };
      fits.forEach((node, at) => { picture.nodes.push({ ...node, ...point(at), ring }); });
      if (here.length > HALF_MAX) picture.more.push({ ...point(HALF_MAX), count: here.length - HALF_MAX, side });
    }
  }
  return picture;
}

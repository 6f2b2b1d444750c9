// Where nodes stand. The beginning hangs on the id alone and the forces on nothing else, so that the same
// map looks the same every time; who stood somewhere before stays there.
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";

export interface Point { x: number; y: number }
export interface Wanted {
  nodes: { id: string; size: number; at: Point | null }[];
  edges: { source: string; target: string; weight: number }[];
}

/** A number from 0 to 1 out of a text: FNV-1a, then mixed. */
export function seeded(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 0x1_0000_0000;
}

/** Where a node begins. */
export function beginning(id: string): Point {
  const [turn, far] = [seeded(id) * 2 * Math.PI, Math.sqrt(seeded(`${id} far`)) * 100];
  return { x: far * Math.cos(turn), y: far * Math.sin(turn) };
}

/** Steps: enough for small maps to come to rest, and for large ones a few seconds at most. */
export function steps(nodes: number): number {
  return nodes <= 100 ? 400 : nodes <= 500 ? 250 : nodes <= 2_500 ? 120 : 60;
}

/** Places all nodes. Those with a place keep it where most have one. */
export function place(wanted: Wanted): Map<string, Point> {
  const graph = new Graph({ type: "directed" });
  const linked = new Set(wanted.edges.flatMap((edge) => [edge.source, edge.target]));
  const alone = wanted.nodes.filter((node) => !linked.has(node.id));
  const nodes = wanted.nodes.filter((node) => linked.has(node.id));
  const known = nodes.filter((node) => node.at !== null).length;
  const keep = known > nodes.length / 2;
  const near = new Map<string, Point>();
  if (keep) {
    const at = new Map(nodes.map((node) => [node.id, node.at]));
    for (const edge of wanted.edges) {
      const [source, target] = [at.get(edge.source), at.get(edge.target)];
      if (source === null && target) near.set(edge.source, target);
      if (target === null && source) near.set(edge.target, source);
    }
  }
  for (const node of nodes) {
    const first = beginning(node.id);
    const beside = near.get(node.id);
    // Beside whom it knows, and not upon it.
    const start = beside === undefined ? first : { x: beside.x + first.x / 12, y: beside.y + first.y / 12 };
    graph.addNode(node.id, { ...(node.at ?? start), size: node.size, fixed: keep && node.at !== null });
  }
  for (const edge of wanted.edges) if (!graph.hasEdge(edge.source, edge.target)) graph.addEdge(edge.source, edge.target, { weight: edge.weight });
  const iterations = keep ? (known === nodes.length ? 0 : 40) : steps(graph.order);
  if (graph.order > 1 && iterations > 0) {
    forceAtlas2.assign(graph, {
      iterations,
      getEdgeWeight: "weight",
      settings: { gravity: 0.6, scalingRatio: 12, strongGravityMode: false, slowDown: 1 + Math.log(graph.order), barnesHutOptimize: graph.order > 250, edgeWeightInfluence: 0.5, outboundAttractionDistribution: true },
    });
  }
  return beside(alone, new Map(graph.mapNodes((id, { x, y }) => [id, { x: Number(x), y: Number(y) }])));
}

/** Who has no arrow stands in rows below the others, or forces would drive him out of sight. */
function beside(alone: Wanted["nodes"], places: Map<string, Point>): Map<string, Point> {
  const xs = [...places.values()].map((point) => point.x);
  const ys = [...places.values()].map((point) => point.y);
  const [left, right] = xs.length === 0 ? [0, 100] : [Math.min(...xs), Math.max(...xs)];
  const low = ys.length === 0 ? 0 : Math.min(...ys);
  const columns = Math.max(4, Math.ceil(Math.sqrt(alone.length * 3)));
  const step = Math.max(1, right - left) / columns;
  alone.forEach((node, at) => {
    places.set(node.id, node.at ?? { x: left + step * ((at % columns) + 0.5), y: low - step * (1 + Math.floor(at / columns)) });
  });
  return places;
}

// The map as a file: GraphML for other programs, SVG for papers.
import type { Drawn, MapEdge } from "./graph";
import type { Point } from "./layout";

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;");
}

/** GraphML 1.0, with everything that is drawn and what stands behind it. */
export function graphml(drawn: Drawn): string {
  const data = (key: string, value: string | number | boolean): string => `<data key="${key}">${escaped(String(value))}</data>`;
  const nodes = drawn.nodes.map((node) => `<node id="${escaped(node.id)}">${data("label", node.label)}${data("kind", node.kind)}${data("members", node.members.join(" "))}</node>`);
  const edges = drawn.edges.map((edge) => `<edge source="${escaped(edge.source)}" target="${escaped(edge.target)}">${data("state", edge.state)}${data("dependencies", edge.dependencies.map((row) => row.id).join(" "))}${data("flows", sum(edge))}</edge>`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="label" for="node" attr.name="label" attr.type="string"/>
<key id="kind" for="node" attr.name="kind" attr.type="string"/>
<key id="members" for="node" attr.name="members" attr.type="string"/>
<key id="state" for="edge" attr.name="state" attr.type="string"/>
<key id="dependencies" for="edge" attr.name="dependencies" attr.type="string"/>
<key id="flows" for="edge" attr.name="flows" attr.type="long"/>
<graph edgedefault="directed">
${nodes.join("\n")}
${edges.join("\n")}
</graph>
</graphml>
`;
}

function sum(edge: MapEdge): number {
  return edge.dependencies.reduce((all, row) => all + row.flows, 0);
}

export interface Colours { ground: string; ink: string; node: (id: string) => string; edge: (edge: MapEdge) => string }

/** A picture of lines and circles, as wide as it is high at most 1,600. */
export function svg(drawn: Drawn, places: ReadonlyMap<string, Point>, sizes: (id: string) => number, colours: Colours): string {
  const points = drawn.nodes.map((node) => places.get(node.id)).filter((point) => point !== undefined);
  const [left, right] = [Math.min(...points.map((point) => point.x)), Math.max(...points.map((point) => point.x))];
  const [low, high] = [Math.min(...points.map((point) => point.y)), Math.max(...points.map((point) => point.y))];
  const scale = 1500 / Math.max(1, right - left, high - low);
  const at = (id: string): Point => {
    const point = places.get(id) ?? { x: 0, y: 0 };
    return { x: 50 + (point.x - left) * scale, y: 50 + (high - point.y) * scale };
  };
  const [width, height] = [Math.round(100 + (right - left) * scale), Math.round(100 + (high - low) * scale)];
  const lines = drawn.edges.map((edge) => {
    const [from, to] = [at(edge.source), at(edge.target)];
    const far = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const short = (sizes(edge.target) + 3) / far;
    const dash = edge.state === "unanswered" ? " stroke-dasharray=\"2 4\"" : edge.state === "gone" ? " stroke-dasharray=\"8 5\"" : "";
    return `<line x1="${from.x.toFixed(1)}" y1="${from.y.toFixed(1)}" x2="${(to.x - (to.x - from.x) * short).toFixed(1)}" y2="${(to.y - (to.y - from.y) * short).toFixed(1)}" stroke="${colours.edge(edge)}"${dash} marker-end="url(#a)"/>`;
  });
  const circles = drawn.nodes.map((node) => {
    const { x, y } = at(node.id);
    const size = sizes(node.id);
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${size}" fill="${colours.node(node.id)}"/><text x="${(x + size + 4).toFixed(1)}" y="${(y + 4).toFixed(1)}">${escaped(node.label)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12" fill="${colours.ink}">
<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8Z" fill="context-stroke"/></marker></defs>
<rect width="100%" height="100%" fill="${colours.ground}"/>
${lines.join("\n")}
${circles.join("\n")}
</svg>
`;
}

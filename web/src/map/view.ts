// Draws the map with WebGL, and says what is pointed at. The graph that is drawn is changed in place, so
// that neither the view nor what is chosen jumps when the map goes on.
import Graph from "graphology";
import Sigma from "sigma";
import { EdgeArrowProgram, EdgeLineProgram } from "sigma/rendering";
import { colour } from "../state/theme";
import type { Drawn, MapEdge, MapNode, State } from "./graph";
import { beginning, type Point, type Wanted } from "./layout";

export type Chosen = { kind: "node"; id: string } | { kind: "edge"; id: string } | null;

const SIZE: Record<State, number> = { after: 3, before: 3, active: 2.4, idle: 1.4, unanswered: 1, gone: 1 };
const COLOUR: Record<State, string> = { after: "accent", before: "high", active: "accent", idle: "edge-strong", unanswered: "medium", gone: "edge" };

/** How large a node is drawn, among so many. */
export function sizeOf(node: MapNode, among: number): number {
  const room = Math.max(0.3, Math.min(1, Math.sqrt(70 / Math.max(1, among))));
  return room * (node.group ? Math.min(22, 7 + 2 * Math.sqrt(node.members.length)) : Math.min(14, 5.5 + 1.2 * Math.log2(1 + node.weight)));
}

export class View {
  readonly places = new Map<string, Point>();
  private readonly graph = new Graph({ type: "directed", allowSelfLoops: false });
  private readonly sigma: Sigma;
  private readonly worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
  private drawn: Drawn = { nodes: [], edges: [], hosts: 0, dependencies: 0 };
  private turn = 0;
  private chosen: Chosen = null;
  private near = new Set<string>();
  private colours = new Map<string, string>();
  /** Milliseconds of the frames since the last question. */
  frames: number[] = [];

  constructor(element: HTMLElement, private readonly choose: (chosen: Chosen) => void, open: (id: string) => void, private readonly settled: (settled: boolean) => void) {
    this.paint(false);
    this.sigma = new Sigma(this.graph, element, {
      allowInvalidContainer: true, enableEdgeEvents: true, defaultEdgeType: "arrow", zIndex: true,
      edgeProgramClasses: { arrow: EdgeArrowProgram, line: EdgeLineProgram },
      labelFont: "system-ui, sans-serif", labelSize: 12, labelRenderedSizeThreshold: 5, labelDensity: 0.9, labelGridCellSize: 90,
      labelColor: { attribute: "labelColour" }, minCameraRatio: 0.02, maxCameraRatio: 5, stagePadding: 60,
      hideEdgesOnMove: false, minEdgeThickness: 1.1,
      nodeReducer: (id, data) => this.ofNode(id, data), edgeReducer: (id, data) => this.ofEdge(id, data),
      defaultDrawNodeHover: (context, data) => { this.hover(context, data); },
    });
    this.sigma.on("clickNode", ({ node }) => { this.choose({ kind: "node", id: node }); });
    this.sigma.on("clickEdge", ({ edge }) => { this.choose({ kind: "edge", id: edge }); });
    this.sigma.on("clickStage", () => { this.choose(null); });
    this.sigma.on("doubleClickNode", (event) => {
      event.preventSigmaDefault();
      open(event.node);
    });
    let begun = 0;
    this.sigma.on("beforeRender", () => { begun = performance.now(); });
    this.sigma.on("afterRender", () => { if (this.frames.push(performance.now() - begun) > 500) this.frames.shift(); });
    this.worker.onmessage = (event: MessageEvent<{ turn: number; places: Map<string, Point> }>) => { this.placed(event.data); };
  }

  /** Takes the colours of the theme. */
  paint(now = true): void {
    for (const name of ["ink", "soft", "edge", "edge-strong", "accent", "high", "medium", "ground", "plate", "mark"]) this.colours.set(name, colour(name));
    if (now) this.restyle();
  }

  private of(name: string): string {
    return this.colours.get(name) ?? "#888";
  }

  nodeColour(node: MapNode): string {
    return this.of(node.kind === "outside" ? "high" : node.kind === "infra" ? "soft" : "accent");
  }

  edgeColour(edge: MapEdge): string {
    return this.of(edge.infra && edge.state === "active" ? "edge-strong" : COLOUR[edge.state]);
  }

  /** Shows another state of the map. What stays keeps its place. */
  show(drawn: Drawn): void {
    this.drawn = drawn;
    // A small map has room for every name.
    this.sigma.setSetting("labelRenderedSizeThreshold", drawn.nodes.length <= 60 ? 0 : drawn.nodes.length <= 300 ? 4 : 3);
    this.sigma.setSetting("labelDensity", drawn.nodes.length <= 60 ? 4 : 0.9);
    const [nodes, edges] = [new Set(drawn.nodes.map((node) => node.id)), new Set(drawn.edges.map((edge) => edge.id))];
    for (const edge of this.graph.edges()) if (!edges.has(edge)) this.graph.dropEdge(edge);
    for (const node of this.graph.nodes()) if (!nodes.has(node)) this.graph.dropNode(node);
    for (const node of drawn.nodes) {
      const at = this.places.get(node.id) ?? beginning(node.id);
      const attributes = { ...at, size: sizeOf(node, drawn.nodes.length), label: node.group ? `${node.label} (${node.members.length})` : node.label, color: this.nodeColour(node), labelColour: this.of("ink"), zIndex: node.group ? 2 : 1 };
      if (this.graph.hasNode(node.id)) this.graph.mergeNodeAttributes(node.id, attributes);
      else this.graph.addNode(node.id, attributes);
    }
    for (const edge of drawn.edges) {
      const attributes = { size: (drawn.edges.length > 1_500 ? 0.6 : 1) * (edge.infra ? 1 : SIZE[edge.state] + Math.min(2, Math.log10(edge.dependencies.length))), color: this.edgeColour(edge), type: edge.decided ? "arrow" : "line", zIndex: edge.state === "active" ? 1 : 0 };
      if (this.graph.hasEdge(edge.id)) this.graph.mergeEdgeAttributes(edge.id, attributes);
      else this.graph.addEdgeWithKey(edge.id, edge.source, edge.target, attributes);
    }
    this.layout();
  }

  private layout(): void {
    const missing = this.drawn.nodes.some((node) => !this.places.has(node.id));
    if (!missing) {
      this.settled(true);
      return;
    }
    this.settled(false);
    this.turn += 1;
    const wanted: Wanted = {
      nodes: this.drawn.nodes.map((node) => ({ id: node.id, size: sizeOf(node, this.drawn.nodes.length), at: this.places.get(node.id) ?? null })),
      // Infrastructure pulls everything together and tells nothing: it pulls less.
      edges: this.drawn.edges.map((edge) => ({ source: edge.source, target: edge.target, weight: edge.infra ? 0.1 : edge.state === "unanswered" ? 0.2 : 1 })),
    };
    this.worker.postMessage({ turn: this.turn, wanted });
  }

  private placed({ turn, places }: { turn: number; places: Map<string, Point> }): void {
    if (turn !== this.turn) return;
    for (const [id, point] of places) {
      this.places.set(id, point);
      if (this.graph.hasNode(id)) this.graph.mergeNodeAttributes(id, point);
    }
    this.settled(true);
  }

  /** Marks what is chosen, and dims what has nothing to do with it. */
  mark(chosen: Chosen): void {
    this.chosen = chosen;
    this.near = new Set();
    if (chosen?.kind === "node" && this.graph.hasNode(chosen.id)) this.near = new Set([chosen.id, ...this.graph.neighbors(chosen.id)]);
    if (chosen?.kind === "edge" && this.graph.hasEdge(chosen.id)) this.near = new Set(this.graph.extremities(chosen.id));
    this.sigma.refresh({ skipIndexation: true });
  }

  private ofNode(id: string, data: Record<string, unknown>): Record<string, unknown> {
    if (this.near.size === 0) return data;
    if (!this.near.has(id)) return { ...data, color: this.of("edge"), label: "", zIndex: 0 };
    return { ...data, forceLabel: true, highlighted: this.chosen?.kind === "node" && this.chosen.id === id };
  }

  private ofEdge(id: string, data: Record<string, unknown>): Record<string, unknown> {
    if (this.near.size === 0 || this.chosen === null) return data;
    const mine = this.chosen.kind === "edge" ? id === this.chosen.id : this.graph.extremities(id).includes(this.chosen.id);
    return mine ? { ...data, size: Number(data["size"]) + 1, zIndex: 3 } : { ...data, color: this.of("edge"), size: 0.6, zIndex: 0 };
  }

  /** The plate behind a label that is pointed at; sigma's own is white in the dark. */
  private hover(context: CanvasRenderingContext2D, data: { x: number; y: number; size: number; label?: string | null }): void {
    const text = data.label ?? "";
    context.font = "600 13px system-ui, sans-serif";
    const width = context.measureText(text).width;
    context.beginPath();
    context.arc(data.x, data.y, data.size + 4, 0, 2 * Math.PI);
    context.strokeStyle = this.of("ink");
    context.lineWidth = 2;
    context.stroke();
    if (text === "") return;
    context.fillStyle = this.of("plate");
    context.strokeStyle = this.of("edge-strong");
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(data.x + data.size + 6, data.y - 12, width + 14, 24, 5);
    context.fill();
    context.stroke();
    context.fillStyle = this.of("ink");
    context.fillText(text, data.x + data.size + 13, data.y + 4.5);
  }

  private restyle(): void {
    for (const node of this.drawn.nodes) if (this.graph.hasNode(node.id)) this.graph.mergeNodeAttributes(node.id, { color: this.nodeColour(node), labelColour: this.of("ink") });
    for (const edge of this.drawn.edges) if (this.graph.hasEdge(edge.id)) this.graph.setEdgeAttribute(edge.id, "color", this.edgeColour(edge));
  }

  /** Shows everything, or nears and leaves. */
  camera(move: "all" | "in" | "out"): void {
    const camera = this.sigma.getCamera();
    const duration = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 180;
    if (move === "all") void camera.animatedReset({ duration });
    else if (move === "in") void camera.animatedZoom({ duration });
    else void camera.animatedUnzoom({ duration });
  }

  /** Goes to a node. */
  goTo(id: string): void {
    const data = this.sigma.getNodeDisplayData(id);
    if (data !== undefined) void this.sigma.getCamera().animate({ x: data.x, y: data.y, ratio: 0.4 }, { duration: 200 });
  }

  /** The picture as it is shown. */
  picture(done: (file: Blob) => void): void {
    this.sigma.refresh();
    const { width, height } = this.sigma.getDimensions();
    const ratio = window.devicePixelRatio || 1;
    const canvas = document.createElement("canvas");
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.fillStyle = this.of("ground");
    context.fillRect(0, 0, canvas.width, canvas.height);
    // In one turn with the drawing, or the browser has emptied what WebGL drew.
    this.sigma.scheduleRender();
    this.sigma.once("afterRender", () => {
      for (const layer of Object.values(this.sigma.getCanvases())) if (layer.width > 0) context.drawImage(layer, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((file) => { if (file !== null) done(file); });
    });
  }

  end(): void {
    this.worker.terminate();
    this.sigma.kill();
  }
}

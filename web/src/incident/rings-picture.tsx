// The rings: what stops with it at the left, what it can reach at the right. Every node is a link.
import type { VNode } from "preact";
import type { BlastRadius } from "../api/types";
import { address, hostOf, portOf, service } from "../id";
import { href } from "../route";
import { nameOf } from "../state/names";
import { nodes, place, type Placed } from "./rings";

const RADIUS = 150;
const WIDTH = 720;
const HEIGHT = 380;

const SAYS: Record<Placed["kind"], string> = {
  fails: "fails", may: "may fail", admin: "admin contact", data: "data contact", infra: "infrastructure", out: "outside", onward: "one step further",
};

function Shape({ kind }: { kind: Placed["kind"] }): VNode {
  switch (kind) {
    case "fails": return <path class="node" d="M-6-6 6 6M-6 6 6-6" />;
    case "may": return <circle class="node" r="6" stroke-dasharray="3 2.5" />;
    case "admin": return <path class="node" d="M0-7.5 7 5.5H-7Z" />;
    case "out": return <rect class="node" x="-5.5" y="-5.5" width="11" height="11" />;
    case "infra": return <circle class="node" r="4" />;
    default: return <circle class="node" r="6" />;
  }
}

function label(node: Placed): string {
  const of = nameOf(hostOf(node.id)) ?? address(hostOf(node.id));
  return service(node.id) === null ? of : `${of}${portOf(node.id)}`;
}

export function Rings({ radius }: { radius: BlastRadius }): VNode {
  const picture = place(nodes(radius.impact.must, radius.impact.may, radius.exposure), RADIUS);
  const left = picture.nodes.filter((node) => node.side === "left").length;
  const right = picture.nodes.length - left;
  const middle = radius.targets[0] ?? radius.target;
  return <figure class="rings">
    <svg viewBox={`${-WIDTH / 2} ${-HEIGHT / 2} ${WIDTH} ${HEIGHT}`} role="group" aria-label={`Rings: ${left} stop with it, ${right} can be reached`}>
      {picture.radii.map((r) => <circle key={r} class="ring" r={r} />)}
      <line class="ring" x1="0" x2="0" y1={-HEIGHT / 2 + 24} y2={HEIGHT / 2 - 6} />
      <text class="caption" x="-14" y={-HEIGHT / 2 + 14} text-anchor="end">stops with it</text>
      <text class="caption" x="14" y={-HEIGHT / 2 + 14}>can be reached</text>
      {picture.nodes.map((node) => {
        const parent = picture.nodes.find((other) => other.id === node.from);
        return <line key={`l${node.side}${node.id}`} class={`spoke ${node.kind}`} x1={parent?.x ?? 0} y1={parent?.y ?? 0} x2={node.x} y2={node.y} />;
      })}
      {picture.nodes.map((node) => <a key={`${node.side}${node.id}`} href={service(node.id) === null ? href("host", node.id) : href("service", node.id)} class={`at ${node.kind}`}
        aria-label={`${label(node)}: ${SAYS[node.kind]}`}>
        <g transform={`translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`}>
          <circle r="13" fill="transparent" stroke="none" />
          <Shape kind={node.kind} />
          {(node.ring === picture.radii.length - 1 || picture.nodes.length < 16) && <text x={node.side === "left" ? -12 : 12} y="4" text-anchor={node.side === "left" ? "end" : "start"}>{label(node)}</text>}
          <title>{`${label(node)} (${node.id}): ${SAYS[node.kind]}`}</title>
        </g>
      </a>)}
      {picture.more.map((more) => <text key={`${more.side}${more.x}`} class="caption" x={more.x} y={more.y} text-anchor="middle">+{more.count}</text>)}
      <circle class="middle" r="11" /><text class="own" y="27" text-anchor="middle">{nameOf(hostOf(middle)) ?? middle}</text>
    </svg>
    <figcaption class="legend">
      {(["fails", "may", "admin", "data", "infra", "out", "onward"] as const).filter((kind) => picture.nodes.some((node) => node.kind === kind)).map((kind) =>
        <span key={kind} class={`at ${kind}`}><svg viewBox="-9 -9 18 18" width="16" height="16" aria-hidden="true"><Shape kind={kind} /></svg>{SAYS[kind]}</span>)}
    </figcaption>
  </figure>;
}

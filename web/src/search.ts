// What somebody means who types into the one box. Words decide; what is on the map is only offered.
import type { Host } from "./api/types";

export type Meaning =
  | { kind: "host"; target: string }
  | { kind: "service"; target: string }
  | { kind: "network"; network: string }
  | { kind: "incident"; target: string }
  | { kind: "isolate"; targets: string[] }
  | { kind: "spread"; target: string; at: string | null }
  | { kind: "path"; from: string; to: string }
  | { kind: "seen"; indicator: string }
  | { kind: "list"; page: "hosts" | "services" | "dependencies" | "certificates" | "findings"; filter: string }
  | { kind: "page"; page: string }
  | { kind: "nothing" };

const IPV4 = /^(\d{1,3})(\.\d{1,3}){3}$/;
const IPV6 = /^[0-9a-f]*:[0-9a-f:.]*$/i;
const PAGES = ["hosts", "services", "dependencies", "certificates", "findings", "segments", "egress", "health", "map", "maps", "weak", "compare", "timeline"];

/** Whether a word is an address. */
export function isAddress(text: string): boolean {
  if (IPV4.test(text)) return text.split(".").every((part) => Number(part) <= 255);
  return text.includes(":") && text.split(":").length > 2 && IPV6.test(text);
}

/** Whether a word is a network. */
export function isNetwork(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  return more.length === 0 && /^\d{1,3}$/.test(bits) && isAddress(address);
}

function verb(first: string, rest: string[]): Meaning | null {
  const target = rest[0];
  if (target === undefined) return null;
  switch (first) {
    case "isolate": case "cut": return { kind: "isolate", targets: rest };
    case "blast": case "blast-radius": case "incident": case "impact": return { kind: "incident", target };
    case "trace": case "spread": case "reached": {
      const at = rest.slice(1).filter((text) => !["since", "at", "from"].includes(text)).join(" ");
      return { kind: "spread", target, at: at === "" ? null : at };
    }
    case "path": {
      const to = rest.filter((text) => text !== "to")[1];
      return to === undefined ? null : { kind: "path", from: target, to };
    }
    case "seen": return { kind: "seen", indicator: rest.join(" ") };
    case "host": return { kind: "host", target };
    default: return null;
  }
}

/** What a text means. */
export function meaning(text: string): Meaning {
  const words = text.trim().split(/\s+/).filter((word) => word !== "");
  const [first, ...rest] = words;
  if (first === undefined) return { kind: "nothing" };
  const asked = verb(first.toLowerCase(), rest);
  if (asked !== null) return asked;
  if (words.length > 1) return list(text.trim());
  if (PAGES.includes(first.toLowerCase())) return { kind: "page", page: first.toLowerCase() };
  const [place = "", at] = split(first);
  if (isAddress(place)) return { kind: "host", target: first };
  if (isNetwork(first)) return { kind: "network", network: first };
  if (at !== undefined) return { kind: "host", target: first };
  if (/^(label|role):/.test(first)) return { kind: "list", page: "hosts", filter: first };
  if (/^(user|name|ja4|cert):./.test(first)) return { kind: "seen", indicator: first };
  if (/^t\d\d[dci]\d{4}.*_/.test(first)) return { kind: "seen", indicator: first };
  if (/^[0-9a-f]{64}$/i.test(first)) return { kind: "seen", indicator: `cert:${first.toLowerCase()}` };
  if (/^[A-Z]{2,6}-\d{2}$/i.test(first)) return { kind: "list", page: "findings", filter: `rule:${first.toUpperCase()}` };
  if (/^(\[.+\]|[^:]+):\d{1,5}(\/(tcp|udp|sctp))?$/.test(first)) return { kind: "service", target: first };
  if (first.includes(":")) return list(first);
  return { kind: "host", target: first };
}

function split(word: string): [string, string?] {
  const at = word.indexOf("@");
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** A filter belongs to the list whose keys it has. */
function list(filter: string): Meaning {
  const keys = [...filter.matchAll(/(?:^|\s)-?(\w+):/g)].map((found) => found[1] ?? "");
  const has = (...some: string[]): boolean => keys.some((key) => some.includes(key));
  if (has("rule", "band", "severity", "score")) return { kind: "list", page: "findings", filter };
  if (has("issuer", "subject", "serial", "status", "days_left")) return { kind: "list", page: "certificates", filter };
  if (has("client", "kind", "initiator", "decided", "one_sided", "bytes", "packets")) return { kind: "list", page: "dependencies", filter };
  if (has("port", "proto", "product", "sni", "version", "ja4", "tls", "service", "server")) return { kind: "list", page: "services", filter };
  return { kind: "list", page: "hosts", filter };
}

/** Something that is offered while somebody types. */
export interface Offer { id: string; label: string; about: string }

/** Hosts that a text may mean, the best first. */
export function offers(text: string, hosts: Iterable<Host>, most = 8): Offer[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const found: { rank: number; offer: Offer }[] = [];
  for (const host of hosts) {
    const named = host.names.map((name) => name.name).concat(host.labels);
    let rank = 9;
    let label = named[0] ?? "";
    const id = host.id.toLowerCase();
    if (id === wanted) rank = 0;
    else if (id.startsWith(wanted)) rank = 3;
    for (const name of named) {
      const low = name.toLowerCase();
      const own = low === wanted ? 0 : low.split(".")[0] === wanted ? 1 : low.startsWith(wanted) ? 2 : low.includes(wanted) ? 5 : 9;
      if (own < rank) {
        rank = own;
        label = name;
      }
    }
    if (rank === 9 && (host.vendor?.toLowerCase().includes(wanted) === true || host.roles.includes(wanted))) rank = 7;
    if (rank < 9) found.push({ rank, offer: { id: host.id, label, about: host.roles.join(", ") } });
  }
  found.sort((one, other) => one.rank - other.rank || one.offer.id.localeCompare(other.offer.id, "en", { numeric: true }));
  return found.slice(0, most).map(({ offer }) => offer);
}

// What hosts are called, for every place that shows an address. Loaded once the first page stands, and
// again when the map has changed.
import { effect, signal, untracked } from "@preact/signals";
import { ofMap, Problem, rows } from "../api/client";
import type { Host } from "../api/types";
import { generation, status } from "./live";
import { on } from "./on";

/** Hosts by id. */
export const hosts = signal<ReadonlyMap<string, Host>>(new Map());
/** All of them are there. */
export const complete = signal(false);

/** Sources of names, the most telling first. */
const ORDER = ["operator", "imported", "dhcp", "dns", "kerberos", "ntlm", "smb", "mdns", "nbns", "llmnr", "lldp", "cdp", "certificate", "sni", "http_host"];

/** The name that people know a host by. */
export function bestName(host: Host | undefined): string | null {
  if (host === undefined) return null;
  const label = host.labels[0];
  const rank = (source: string): number => {
    const at = ORDER.indexOf(source);
    return at < 0 ? ORDER.length : at;
  };
  const best = [...host.names].sort((one, other) =>
    rank(one.source) - rank(other.source) || (other.last ?? "").localeCompare(one.last ?? "") || one.name.length - other.name.length)[0];
  return best?.name ?? label ?? null;
}

/** The name of a host by its id. */
export function nameOf(id: string): string | null {
  return bestName(hosts.value.get(id));
}

/** Loads the names, and goes on doing so. */
export function follow(): void {
  let asked = "";
  effect(() => {
    const state = `${on.value ?? ""} ${status.value?.state ?? ""} ${generation.value}`;
    if (status.value?.state !== "ready" || state === asked) return;
    const map = on.value;
    asked = state;
    void untracked(async () => {
      try {
        const all = await rows<Host>(ofMap("/hosts"));
        if (map !== on.value) return;
        hosts.value = new Map(all.map((host) => [host.id, host]));
        complete.value = true;
      } catch (problem) {
        // Addresses do without names.
        if (!(problem instanceof Problem)) throw problem;
      }
    });
  });
  effect(() => {
    void on.value;
    hosts.value = new Map();
    complete.value = false;
  });
}

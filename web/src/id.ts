// Ids of the contract, read and taken apart: host `[realm/]address`, service `host:port/transport`,
// dependency `client>service`.

export interface ServiceId { host: string; port: number; transport: string }

/** Takes a service's id apart; null if it is none. */
export function service(id: string): ServiceId | null {
  const found = /^(?:(.*\/)?\[([^\]]+)\]|(.+)):(\d+)\/(\w+)$/.exec(id);
  if (found === null) return null;
  const host = found[2] === undefined ? found[3] : `${found[1] ?? ""}${found[2]}`;
  return { host: host ?? "", port: Number(found[4]), transport: found[5] ?? "" };
}

/** Takes a dependency's id apart; null if it is none. */
export function dependency(id: string): { client: string; service: string } | null {
  const at = id.indexOf(">");
  return at < 0 ? null : { client: id.slice(0, at), service: id.slice(at + 1) };
}

/** The host that an id of whatever kind belongs to; of a dependency, the server. */
export function hostOf(id: string): string {
  const of = dependency(id)?.service ?? id;
  return service(of)?.host ?? of;
}

/** `:443` of a service, with the transport where it is not TCP. */
export function portOf(id: string): string {
  const read = service(id);
  if (read === null) return id;
  return read.transport === "tcp" ? `:${read.port}` : `:${read.port}/${read.transport}`;
}

/** An address without its realm. */
export function address(host: string): string {
  return host.slice(host.lastIndexOf("/") + 1);
}

/** A service as the questions' TARGET takes it: `host:port`. */
export function target(id: string): string {
  return id.replace(/\/(tcp|udp|sctp)$/, "");
}

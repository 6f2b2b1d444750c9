// Asking the API: one function for documents, one for long lists that come line by line.
import { on } from "../state/on";

/** Why a request was not answered (RFC 9457), or why none came through. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly word?: { parameter: string; text: string; offset: number },
    readonly retryAfter?: number,
  ) {
    super(detail);
  }

  /** The server could not be reached at all. */
  get offline(): boolean {
    return this.status === 0;
  }
}

/** Called when nobody is logged in any more. */
let loggedOut = (): void => {};
export function whenLoggedOut(then: () => void): void {
  loggedOut = then;
}

/** Called with whether the server answered, after each request. */
let heard = (_answered: boolean): void => {};
export function whenHeard(then: (answered: boolean) => void): void {
  heard = then;
}

/** The path of something about the map that is looked at: the server's own, or an uploaded one. */
export function ofMap(path: string): string {
  const map = on.value;
  return map === null ? `/api/v1${path}` : `/api/v1/maps/${encodeURIComponent(map)}${path}`;
}

/** A path with its parameters; lists repeat theirs, and what is not given is left out. */
export function withParameters(path: string, parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) value.forEach((one) => { query.append(name, one); });
    else if (value !== undefined && value !== false && value !== "") query.append(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
export type Parameters = Record<string, string | number | boolean | string[] | undefined>;

async function problem(response: Response): Promise<Problem> {
  const told = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const text = (name: string): string | undefined => (typeof told?.[name] === "string" ? told[name] : undefined);
  const word = text("parameter") === undefined ? undefined
    : { parameter: text("parameter") ?? "", text: text("word") ?? "", offset: Number(told?.["offset"] ?? 0) };
  const retry = Number(response.headers.get("retry-after"));
  return new Problem(
    response.status, text("title") ?? response.statusText,
    text("detail") ?? `The server answered ${response.status}.`, word, retry > 0 ? retry : undefined,
  );
}

/** Requests under way, for tests and for whoever waits. */
let asking = 0;
function under(way: 1 | -1): void {
  asking += way;
  document.documentElement.dataset["asking"] = String(asking);
}

/** Sends a request; throws a [Problem] where there is no answer. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  under(1);
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    heard(false);
    throw new Problem(0, "The server cannot be reached", "No answer came from the server. The page goes on with what it has.");
  } finally {
    under(-1);
  }
  heard(true);
  if (response.ok) return response;
  if (response.status === 401 && path !== "/api/v1/session") loggedOut();
  throw await problem(response);
}

/** A document. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { headers: { accept: "application/json" }, ...(signal && { signal }) });
  return (await response.json()) as T;
}

/** All rows of a list, as they come: one object a line. */
export async function rows<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  const response = await send(path, { headers: { accept: "application/x-ndjson" }, ...(signal && { signal }) });
  return lines<T>(await response.text());
}

/** The objects of a text, one a line. */
export function lines<T>(text: string): T[] {
  // One parse of the whole is three times as fast as one for each line.
  const body = text.trimEnd().replaceAll("\n", ",");
  return JSON.parse(`[${body}]`) as T[];
}

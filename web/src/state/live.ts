// How the map goes on: its status while captures are read, and the events of a sensor. What is shown is
// asked for again when the map has changed, at most every other second, and never while a page is hidden.
import { effect, signal } from "@preact/signals";
import { get, ofMap, Problem, whenHeard } from "../api/client";
import type { Health, MapEvent, Status } from "../api/types";
import { on } from "./on";
import { identity } from "./session";

/** Counts up when what is shown should be asked for again. */
export const generation = signal(0);
export const status = signal<Status | null>(null);
export const health = signal<Health | null>(null);
/** The server does not answer. */
export const offline = signal(false);
/** Why there is no status, where the server answers and has none. */
export const missing = signal<Problem | null>(null);
/** The newest events, the newest first. */
export const events = signal<MapEvent[]>([]);
/** The reader has stopped the page from following the map. */
export const paused = signal(false);

const EVENTS_MAX = 50;
const REFRESH_MS = 2_000;
const RETRY_MS = 3_000;
const READING_MS = 400;
const STANDING_MS = 15_000;

const KINDS = [
  "ready", "failed", "new-host", "new-service", "new-dependency", "new-name", "new-certificate",
  "direction-flipped", "finding", "sensor-degraded", "sensor-recovered", "lost",
];

let stream: EventSource | null = null;
let timer: number | undefined;
let refreshing: number | undefined;

whenHeard((answered) => {
  if (offline.value && answered) generation.value += 1;
  offline.value = !answered;
});

function refreshSoon(): void {
  if (refreshing !== undefined || paused.value) return;
  refreshing = window.setTimeout(() => {
    refreshing = undefined;
    if (document.hidden) return;
    generation.value += 1;
    void look();
  }, REFRESH_MS);
}

function heard(event: MessageEvent<string>): void {
  const told = JSON.parse(event.data) as MapEvent;
  events.value = [told, ...events.value].slice(0, EVENTS_MAX);
  refreshSoon();
}

function listen(after: number): void {
  stream?.close();
  stream = new EventSource(`${ofMap("/events")}?after=${after}`);
  for (const kind of KINDS) stream.addEventListener(kind, heard);
  // The browser tries again by itself where the connection broke; where it gives up, looking does.
}

/** Asks how far the map is, and again later. */
async function look(): Promise<void> {
  window.clearTimeout(timer);
  const map = on.value;
  let next = STANDING_MS;
  try {
    const told = await get<Status>(ofMap("/status"));
    if (map !== on.value) return;
    const before = status.value;
    status.value = told;
    missing.value = null;
    if (told.state === "reading") next = READING_MS;
    if (told.state === "ready") {
      if (before?.snapshot?.number !== told.snapshot?.number && before !== null && !paused.value) generation.value += 1;
      if (told.source === "sensor" && (stream === null || stream.readyState === EventSource.CLOSED)) listen(told.newest_event);
      health.value = await get<Health>(ofMap("/health"));
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (!problem.offline) missing.value = problem;
    next = RETRY_MS;
  }
  timer = window.setTimeout(() => void look(), next);
}

/** Begins to follow the map that is looked at, whenever that is another one. */
export function follow(): void {
  effect(() => {
    void on.value;
    if (identity.value === null || identity.value === undefined) {
      stream?.close();
      window.clearTimeout(timer);
      return;
    }
    stream?.close();
    stream = null;
    status.value = null;
    health.value = null;
    missing.value = null;
    events.value = [];
    void look();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && stream !== null) refreshSoon(); });
}

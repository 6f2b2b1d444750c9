// Something asked of the server, for as long as a part of the page shows it: what was there stays while
// the next comes, so that nothing flickers.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, Problem, rows } from "../api/client";
import { generation } from "./live";

export interface Resource<T> {
  data: T | undefined;
  problem: Problem | undefined;
  /** Something newer is on its way. */
  loading: boolean;
}

/** What is kept of the last answers, by address: going back shows a page at once. */
const kept = new Map<string, unknown>();
const KEPT_MAX = 40;

function keep(path: string, data: unknown): void {
  kept.delete(path);
  kept.set(path, data);
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}

/** Forgets what is kept: the map is another one. */
export function forget(): void {
  kept.clear();
}

function useAsked<T>(path: string | null, ask: (path: string, signal: AbortSignal) => Promise<T>): Resource<T> {
  const [told, tell] = useState<{ path: string | null; data?: T; problem?: Problem }>({ path: null });
  const [loading, setLoading] = useState(path !== null);
  const now = generation.value;
  const last = useRef("");
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    setLoading(true);
    ask(path, stop.signal).then(
      (data) => {
        keep(path, data);
        tell({ path, data });
        setLoading(false);
      },
      (problem: unknown) => {
        if (stop.signal.aborted) return;
        if (!(problem instanceof Problem)) throw problem;
        // What was shown stays where the server is only out of reach.
        tell((before) => (problem.offline && before.path === path ? { ...before, problem } : { path, problem }));
        setLoading(false);
      },
    );
    last.current = path;
    return () => { stop.abort(); };
  }, [path, now]);
  const data = told.path === path && told.data !== undefined ? told.data
    : path === null ? undefined : (kept.get(path) as T | undefined);
  return { data, problem: told.path === path ? told.problem : undefined, loading };
}

/** A document; null asks nothing. */
export function useDocument<T>(path: string | null): Resource<T> {
  return useAsked(path, get<T>);
}

/** All rows of a list; null asks nothing. */
export function useRows<T>(path: string | null): Resource<T[]> {
  return useAsked(path, rows<T>);
}

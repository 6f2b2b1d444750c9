// Where one is: the address of the page says everything that is shown, so that any view can be sent as a link.
import { batch, computed, signal } from "@preact/signals";
import { on } from "./state/on";

/** The place as the browser has it. */
export interface Place { path: string; query: URLSearchParams }

/** Reads an address. The first part of the path is the page, the second what it is about. */
export function read(path: string, search: string): { page: string; subject: string; query: URLSearchParams } {
  const [page = "", ...rest] = path.replace(/^\//, "").split("/");
  const subject = decoded(rest.join("/"));
  return { page, subject, query: new URLSearchParams(search) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Writes an address. An uploaded map stays the one that is looked at. */
export function href(page: string, subject = "", query: Record<string, string | undefined> = {}): string {
  const path = subject === "" ? `/${page}` : `/${page}/${encodeURIComponent(subject)}`;
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") words.set(name, value);
  if (on.value !== null) words.set("on", on.value);
  const text = words.toString();
  return text === "" ? path : `${path}?${text}`;
}

export const place = signal(read(location.pathname, location.search));
export const page = computed(() => place.value.page);
export const subject = computed(() => place.value.subject);

/** A word of the query; empty where there is none. */
export function word(name: string): string {
  return place.value.query.get(name) ?? "";
}

function arrive(): void {
  batch(() => {
    place.value = read(location.pathname, location.search);
    on.value = place.value.query.get("on");
  });
}

/** Goes to an address of this page. */
export function go(address: string, { replace = false } = {}): void {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  arrive();
  if (!replace) {
    window.scrollTo(0, 0);
    // Whoever hears the page instead of seeing it is taken to the new part.
    requestAnimationFrame(() => document.getElementById("content")?.focus({ preventScroll: true }));
  }
}

/** Changes words of the query and stays on the page; an empty value takes a word away. */
export function change(words: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(words)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(location.pathname + (text === "" ? "" : `?${text}`), { replace: true });
}

/** Follows links without loading the page anew, as long as they lead into it. */
export function listen(): void {
  arrive();
  window.addEventListener("popstate", arrive);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.pathname.startsWith("/api/") || link.pathname.startsWith("/metrics")) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

// Who one is for the server, and logging in and out.
import { signal } from "@preact/signals";
import { get, Problem, send, whenLoggedOut } from "../api/client";
import type { Identity } from "../api/types";

/** undefined while nobody knows, null where a login is needed. */
export const identity = signal<Identity | null | undefined>(undefined);

whenLoggedOut(() => { identity.value = null; });

/** Asks who one is. */
export async function ask(): Promise<void> {
  try {
    identity.value = await get<Identity>("/api/v1/session");
  } catch (problem) {
    if (problem instanceof Problem && !problem.offline) identity.value = null;
  }
}

/** Logs in with a token; the problem where that fails. */
export async function logIn(token: string): Promise<Problem | null> {
  try {
    const response = await send("/api/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ token: token.trim() }),
    });
    identity.value = (await response.json()) as Identity;
    return null;
  } catch (problem) {
    if (problem instanceof Problem) return problem;
    throw problem;
  }
}

/** Logs out. */
export async function logOut(): Promise<void> {
  await send("/api/v1/session", { method: "DELETE" });
  identity.value = null;
}

/** Whether one may do what responders do. */
export function mayAct(): boolean {
  return identity.value?.role === "responder" || identity.value?.role === "admin";
}

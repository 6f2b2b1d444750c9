// Dark, light, or as the system is.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "tapmap-theme";

function kept(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return text === "light" || text === "dark" ? text : "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(kept());
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** Counts up whenever colours change: what is painted and not styled paints again. */
export const painted = signal(0);
system.addEventListener("change", () => { painted.value += 1; });

effect(() => {
  const chosen = theme.value;
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that keeps nothing forgets the choice, and that is all.
  }
  painted.value = painted.peek() + 1;
});

/** The next of the three. */
export function turn(): void {
  const order: Theme[] = ["system", "light", "dark"];
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? "system";
}

/** A colour of the style sheet as canvas and WebGL want it: `rgb(…)`. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.className = `colour-${name}`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

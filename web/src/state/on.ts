// Which map is looked at: null for the server's own, else the id of an uploaded one.
import { signal } from "@preact/signals";

export const on = signal<string | null>(null);

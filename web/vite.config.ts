// How the page is built. What comes out (`dist/`) stands in the repository and is built into the program,
// so it must be the same bytes on every machine: no dates, no absolute paths, names by content.
import { defineConfig } from "vitest/config";

// While the page is worked on, a running `tapmap serve` answers: `TAPMAP=http://127.0.0.1:4000 npm run dev`.
const server = process.env["TAPMAP"];

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // The content security policy allows no inline images but `data:`; and small files are no cost here.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { output: { hashCharacters: "base36" } },
  },
  worker: { format: "es" },
  server: server === undefined ? {} : {
    proxy: { "/api": { target: server, changeOrigin: true }, "/healthz": { target: server } },
  },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["tests/unit/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // The browser draws in software: two at once would measure each other.
          fileParallelism: false,
        },
      },
    ],
  },
});

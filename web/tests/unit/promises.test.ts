// What the page promises to the program that carries it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("the program gives the page at every address that the page shows", () => {
  const shown = /const PAGES: Record<string, ComponentType> = \{([\s\S]*?)\};/.exec(text("../../src/app.tsx"))?.[1] ?? "";
  const pages = [...shown.matchAll(/(\w+): \w+Page/g)].map((found) => found[1] ?? "").sort();
  const given = /const PAGES: &\[&str\] = &\[([\s\S]*?)\];/.exec(text("../../../src/api/asset.rs"))?.[1] ?? "";
  expect([...given.matchAll(/"(\w+)"/g)].map((found) => found[1] ?? "").sort()).toEqual(pages);
});

test("all that is built is at most 600 kB, packed", () => {
  const folder = new URL("../../dist/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const sum = files.reduce((all, file) => all + gzipSync(readFileSync(`${file.parentPath}/${file.name}`)).length, 0);
  expect(files.length).toBeGreaterThan(3);
  expect(sum).toBeLessThan(600_000);
});

test("nothing inline, and nothing from elsewhere", () => {
  const index = text("../../dist/index.html");
  expect(index).not.toMatch(/<style|<script(?![^>]* src="\/assets\/)| on\w+=|https?:/);
});

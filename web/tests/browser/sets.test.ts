// What the map and the tables show is what the API answers: the same ids, no more and no fewer.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { capture, open, rows, serve, settled, type Served } from "./program";

const CAPTURES = ["three-tier", "worm", "mail-and-files", "databases", "scan", "vxlan"];
const served: Served[] = [];
afterAll(async () => { await Promise.all(served.map((one) => one.stop())); });

async function downloaded(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button, exact: true }).click()]);
  return readFileSync(await download.path(), "utf8");
}

for (const name of CAPTURES) {
  test(name, async () => {
    const one = await serve([capture(name)]);
    served.push(one);
    const { page, close } = await open(`${one.url}/map?by=none`);
    await page.locator(".map[data-settled=true]").waitFor();
    const graph = await downloaded(page, "GraphML");
    const of = (key: string): string[] => [...graph.matchAll(new RegExp(`<data key="${key}">([^<]*)</data>`, "g"))].flatMap((found) => (found[1] ?? "").split(" ")).filter((id) => id !== "").map((id) => id.replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
    const [hosts, dependencies] = [await rows<{ id: string }>(one.url, "hosts"), await rows<{ id: string; client: string; service: string }>(one.url, "dependencies")];
    const mentioned = new Set(dependencies.flatMap((row) => [row.client, /^(.*):\d+\/\w+$/.exec(row.service)?.[1]?.replace(/[[\]]/g, "") ?? ""]));
    expect(of("members").sort()).toEqual([...new Set([...hosts.map((row) => row.id), ...mentioned])].sort());
    const own = dependencies.filter((row) => /^(.*):\d+\/\w+$/.exec(row.service)?.[1]?.replace(/[[\]]/g, "") !== row.client);
    expect(of("dependencies").sort()).toEqual(own.map((row) => row.id).sort());
    for (const list of ["hosts", "services", "dependencies", "findings", "certificates"]) {
      await page.goto(`${one.url}/${list}`);
      await settled(page);
      const told = JSON.parse(await downloaded(page, "JSON")) as { id?: string; sha256?: string }[];
      const ids = (all: { id?: string; sha256?: string }[]): string[] => all.map((row) => row.id ?? row.sha256 ?? "").sort();
      expect(ids(told), list).toEqual(ids(await rows(one.url, list)));
      const drawn = await page.locator("tbody tr[data-id]").evaluateAll((all) => all.map((row) => row.getAttribute("data-id") ?? ""));
      expect(drawn.every((id) => ids(told).includes(id)), list).toBe(true);
      expect(drawn.length, list).toBeGreaterThanOrEqual(Math.min(told.length, 15));
    }
    await close();
  });
}

// Every page, in light and dark: no accessibility violation, no error, and a picture to look at.
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capture, open, PICTURES, rows, serve, settled, type Served } from "./program";

let mail: Served;
let worm: Served;
const paths: { name: string; path: string; of: () => Served }[] = [];
beforeAll(async () => {
  [mail, worm] = await Promise.all([serve([capture("mail-and-files")]), serve([capture("worm")])]);
  const [certificate] = await rows<{ sha256: string }>(mail.url, "certificates");
  const [finding] = await rows<{ id: string }>(mail.url, "findings");
  const of = (served: Served, all: Record<string, string>): void => { for (const [name, path] of Object.entries(all)) paths.push({ name, path, of: () => served }); };
  const part = (text: string | undefined): string => encodeURIComponent(text ?? "");
  of(mail, {
    start: "/", hosts: "/hosts", services: "/services", dependencies: "/dependencies", certificates: "/certificates", findings: "/findings",
    certificate: `/certificate/${part(certificate?.sha256)}`, finding: `/finding/${part(finding?.id)}`, service: `/service/${part("10.77.5.20:25/tcp")}`,
    segments: "/segments", health: "/health", maps: "/maps", seen: "/seen/intranet.lab.test", compare: "/compare", wrong: "/hosts?q=prot:tls",
  });
  of(worm, {
    host: "/host/10.91.0.21", dependency: `/dependency/${part("10.91.0.11>10.91.0.23:22/tcp")}`, network: `/network/${part("10.91.0.0/24")}`, incident: "/incident/10.91.0.11",
    isolate: "/isolate?targets=10.91.0.21", spread: "/spread/10.91.0.11", root: "/root/10.91.0.36", path: "/path?from=10.91.0.11&to=10.91.0.29", timeline: "/timeline",
    weak: "/weak", egress: "/egress/10.91.0.11", map: "/map", groups: "/map?by=segment", nobody: "/host/10.250.0.1", nowhere: "/nothing-here",
  });
});
afterAll(async () => { await Promise.all([mail.stop(), worm.stop()]); });

// What a page cannot answer is an error to the browser's console, and said to the reader.
const REFUSED = [/status of 40[04]/];

/** What axe says against a page as it stands, in a few words. */
async function violations(page: Page, name: string, rules?: string[]): Promise<string[]> {
  const builder = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations: found } = await (rules === undefined ? builder : builder.withRules(rules)).analyze();
  return found.map((one) => `${name}: ${one.id} ${one.nodes.slice(0, 2).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`).join("; ")}`);
}

test("every page, in light and dark", { timeout: 240_000 }, async () => {
  const found: string[] = [];
  // One window for each server; what is refused has its own, or its errors would hide those of others.
  const windows = new Map<string, Awaited<ReturnType<typeof open>>>();
  for (const { name, path, of } of paths) {
    if (name === "nowhere") continue;
    const refused = name === "wrong" || name === "nobody";
    const key = `${of().url} ${refused}`;
    const window = windows.get(key) ?? await open(of().url, {}, refused ? REFUSED : []);
    windows.set(key, window);
    const { page } = window;
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(of().url + path);
    await settled(page);
    if (/^\/map(\?|$)/.test(path)) await page.locator(".map[data-settled=true]").waitFor({ timeout: 10_000 });
    found.push(...await violations(page, name));
    await page.screenshot({ path: `${PICTURES}${name}-light.png` });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForTimeout(60);
    // In the dark only colours are others.
    found.push(...await violations(page, `${name} dark`, ["color-contrast"]));
    await page.screenshot({ path: `${PICTURES}${name}-dark.png` });
  }
  for (const window of windows.values()) await window.close();
  expect(found).toEqual([]);
});

test("what opens over a page is as good", async () => {
  const found: string[] = [];
  const { page, close } = await open(`${worm.url}/hosts`);
  await settled(page);
  await page.getByRole("button", { name: "Columns" }).click();
  found.push(...await violations(page, "columns"));
  await page.keyboard.press("/");
  await page.keyboard.insertText("ws");
  await page.getByRole("option").first().waitFor();
  found.push(...await violations(page, "offers"));
  await page.screenshot({ path: `${PICTURES}offers.png` });
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Search and keys" }).waitFor();
  found.push(...await violations(page, "help"));
  await page.screenshot({ path: `${PICTURES}help.png` });
  await page.goto(`${worm.url}/map?focus=10.91.0.11`);
  await page.locator(".map[data-settled=true]").waitFor();
  await page.waitForTimeout(400);
  const box = await page.locator(".canvas").boundingBox();
  // The host in the focus stands somewhere near the middle: a spiral of clicks finds somebody.
  for (let step = 0; step < 120 && await page.locator(".details").count() === 0; step += 1) {
    await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) / 2 + 2.4 * step * Math.cos(step), (box?.y ?? 0) + (box?.height ?? 0) / 2 + 2.2 * step * Math.sin(step));
  }
  await page.locator(".details").waitFor();
  found.push(...await violations(page, "details"));
  await page.screenshot({ path: `${PICTURES}details.png` });
  await close();
  expect(found).toEqual([]);
});

test("on a telephone nothing is wider than the screen", async () => {
  const wide: string[] = [];
  for (const { name, path, of } of paths) {
    if (!["start", "host", "incident", "isolate", "finding", "certificate", "hosts"].includes(name)) continue;
    const { page, close } = await open(of().url + path, { viewport: { width: 390, height: 844 } });
    await settled(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 390) wide.push(`${name}: ${width}`);
    await page.screenshot({ path: `${PICTURES}${name}-telephone.png` });
    await close();
  }
  expect(wide).toEqual([]);
});

test("an address of no page is nowhere", async () => {
  const response = await fetch(`${mail.url}/nothing-here`);
  expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});

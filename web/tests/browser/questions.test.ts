// The four questions of somebody who was woken up, in as few steps as promised. A step is a click, a key,
// or a word that is typed or pasted.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capture, open, PICTURES, serve, settled, type Served } from "./program";

let tiers: Served;
let worm: Served;
let mail: Served;
beforeAll(async () => { [tiers, worm, mail] = await Promise.all([serve([capture("three-tier")]), serve([capture("worm")]), serve([capture("mail-and-files")])]); });
afterAll(async () => { await Promise.all([tiers.stop(), worm.stop(), mail.stop()]); });

/** Counts what a person does. */
class Hand {
  steps = 0;
  constructor(private readonly page: Page) {}
  async type(text: string): Promise<void> { this.steps += 1; await this.page.keyboard.insertText(text); }
  async press(key: string): Promise<void> { this.steps += 1; await this.page.keyboard.press(key); }
  async click(name: string | RegExp, role: "link" | "button" = "link"): Promise<void> { this.steps += 1; await this.page.getByRole(role, { name }).first().click(); }
}

test("who depends on db? in three steps", async () => {
  const { page, close } = await open(`${tiers.url}/services`);
  await settled(page);
  const hand = new Hand(page);
  await hand.press("/");
  await hand.type("db");
  await page.getByRole("option").first().waitFor();
  await hand.press("Enter");
  const users = page.getByRole("region", { name: "Who depends on it" });
  await users.getByRole("link", { name: /10\.77\.0\.14/ }).first().waitFor();
  expect(hand.steps).toBeLessThanOrEqual(3);
  await settled(page);
  await page.screenshot({ path: `${PICTURES}who-depends-on-db.png` });
  await close();
});

test("what breaks if a network is isolated? in five steps", async () => {
  const { page, close } = await open(`${tiers.url}/services`);
  await settled(page);
  const hand = new Hand(page);
  await hand.press("/");
  await hand.type("10.77.0.0/28");
  await hand.press("Enter");
  await hand.click(/Isolate: what breaks/);
  await page.getByText(/breaks \d+ services? outside|breaks no service outside/).first().waitFor();
  await page.getByRole("heading", { name: "What this tap cannot see here" }).waitFor();
  expect(hand.steps).toBeLessThanOrEqual(5);
  await settled(page);
  await page.screenshot({ path: `${PICTURES}isolate-a-network.png` });
  await close();
});

test("which certificates end soon, and who is hit? in two steps", async () => {
  const { page, close } = await open(mail.url);
  await settled(page);
  const hand = new Hand(page);
  await hand.click("Certificates");
  await page.getByRole("columnheader", { name: "Days left" }).waitFor();
  expect(await page.getByRole("columnheader", { name: "Days left" }).getAttribute("aria-sort")).toBe("ascending");
  await page.getByRole("cell", { name: /2 clients/ }).first().waitFor();
  await hand.click("End within 30 days", "button");
  await page.getByText("No certificates match").waitFor();
  expect(hand.steps).toBeLessThanOrEqual(2);
  expect(new URL(page.url()).searchParams.get("q")).toBe("days_left:0-30");
  await close();
});

test("what has the infected host reached since then? in five steps", async () => {
  const { page, close } = await open(`${worm.url}/hosts`);
  await settled(page);
  const hand = new Hand(page);
  await hand.press("/");
  await hand.type("spread ws1 since 19:18:04");
  await hand.press("Enter");
  const story = page.getByRole("region", { name: "Spread" });
  await story.getByText("files1").first().waitFor();
  expect(hand.steps).toBeLessThanOrEqual(5);
  const told = await (await fetch(`${worm.url}/api/v1/trace/forward?targets=ws1&at=2026-11-23T19:18:04Z`)).json() as { result: { reached: { host: string }[] } };
  const shown = await story.locator("tbody tr").evaluateAll((all) => all.map((row) => row.querySelector("a.who .mono")?.textContent ?? ""));
  expect(shown.filter((host) => host !== "").slice(0, told.result.reached.length).sort()).toEqual(told.result.reached.map((row) => row.host).sort());
  await settled(page);
  await page.screenshot({ path: `${PICTURES}spread.png`, fullPage: true });
  await close();
});

test("the incident page has both answers, the plan, its rules and its rollback", async () => {
  const { page, close } = await open(`${worm.url}/incident/10.91.0.21`, { permissions: ["clipboard-read", "clipboard-write"] });
  for (const name of ["If it stops", "If it is compromised", "What this tap cannot see here", "Spread", "Isolation", "Origin"]) await page.getByRole("region", { name }).first().waitFor();
  await page.getByRole("button", { name: "lateral" }).click();
  await page.getByRole("heading", { name: "What lateral breaks" }).waitFor();
  await page.getByRole("button", { name: /Show nftables rules/ }).click();
  await page.getByRole("button", { name: "Copy rules" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("table inet");
  await page.getByRole("button", { name: "Copy rollback" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("delete table inet");
  await page.getByRole("button", { name: /Play/ }).click();
  await page.getByText(/of \d+ reached/).waitFor();
  await settled(page);
  await page.screenshot({ path: `${PICTURES}incident.png`, fullPage: true });
  await close();
});

test("the keyboard alone leads through a table, and back", async () => {
  const { page, close } = await open(`${tiers.url}/hosts`);
  await settled(page);
  await page.getByRole("region", { name: /hosts: table/ }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Who depends on it" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/host/10.77.0.11");
  await page.goBack();
  await page.getByRole("region", { name: /hosts: table/ }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Search and keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await page.waitForURL(/findings/);
  await close();
});

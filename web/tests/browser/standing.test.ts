// Logging in, a server that goes away and comes back, a map that goes on, captures that are sent, and how fast it all is.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { capture, folder, open, PICTURES, run, serve, settled } from "./program";

test("a token opens the page, and logging out closes it", async () => {
  const data = folder();
  const token = /tapmap_\w+/.exec(run("token", "add", "--name", "night shift", "--role", "viewer", "--data-dir", data))?.[0] ?? "";
  const served = await serve([capture("three-tier")], ["--data-dir", data]);
  // What came through a proxy is nobody's own machine, and takes a token.
  const { page, close } = await open(served.url, { extraHTTPHeaders: { "x-forwarded-for": "192.0.2.7" } }, [/status of 40[13]/]);
  await page.getByLabel("Token").fill("tapmap_wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  await page.screenshot({ path: `${PICTURES}login.png` });
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("combobox", { name: "Search" }).waitFor();
  await page.getByRole("link", { name: "Captures" }).click();
  await page.getByText("to open captures takes the role responder").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor();
  await close();
  await served.stop();
});

test("the page says that the server is gone, keeps what it has, and goes on when it is back", async () => {
  const first = await serve([capture("three-tier")]);
  const { page, close } = await open(`${first.url}/hosts`, {}, [/ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET/]);
  await settled(page);
  await first.stop();
  await page.getByRole("link", { name: /^Services/ }).click();
  await page.getByText("The server does not answer.").waitFor();
  await page.getByRole("link", { name: /^Hosts/ }).click();
  await page.locator("tbody tr[data-id='10.77.0.15']").waitFor();
  await page.screenshot({ path: `${PICTURES}offline.png` });
  const second = await serve([capture("three-tier")], [], first.port);
  await page.getByText("The server does not answer.").waitFor({ state: "detached" });
  await close();
  await second.stop();
});

test("a capture is sent, looked at, compared and forgotten; what is none is refused in words", async () => {
  const served = await serve([capture("three-tier")]);
  const { page, close } = await open(`${served.url}/maps`, {}, [/status of 4(04|22)/]);
  await settled(page);
  await page.locator("input[type=file]").setInputFiles(capture("worm"));
  await page.getByText("You look at the uploaded capture").waitFor();
  expect(new URL(page.url()).searchParams.get("on")).toMatch(/^[0-9a-f]+$/);
  await page.getByRole("link", { name: /^Hosts/ }).click();
  await page.locator("tbody tr[data-id='10.91.0.11']").waitFor();
  await page.getByRole("link", { name: "Back to the server’s map" }).click();
  await page.getByRole("link", { name: /^Hosts/ }).click();
  await page.locator("tbody tr[data-id='10.77.0.15']").waitFor();
  await page.goto(`${served.url}/maps`);
  // The menu has a link of that name too, and is there before the list is.
  await settled(page);
  await page.getByRole("link", { name: "Compare", exact: true }).last().click();
  await page.getByText(/\d+ new, \d+ gone/).first().waitFor();
  await page.goto(`${served.url}/maps`);
  await settled(page);
  const text = join(folder(), "notes.pcap");
  writeFileSync(text, "this is a letter and no capture\n");
  await page.locator("input[type=file]").setInputFiles(text);
  await page.getByRole("alert").waitFor();
  await page.screenshot({ path: `${PICTURES}refused.png` });
  await page.getByRole("button", { name: "Forget" }).first().click();
  await page.getByText("No capture was opened").waitFor();
  await close();
  await served.stop();
});

test("what is new comes by itself, and nothing jumps", async () => {
  const served = await serve([capture("three-tier")]);
  const { page, close } = await open("about:blank");
  let number = 1;
  await page.route("**/api/v1/status", async (route) => {
    const told = await (await route.fetch()).json() as Record<string, unknown> & { snapshot: Record<string, unknown> };
    await route.fulfill({ json: { ...told, source: "sensor", snapshot: { ...told.snapshot, number } } });
  });
  let sent = false;
  await page.route("**/api/v1/events*", async (route) => {
    if (sent) { await new Promise((then) => { setTimeout(then, 5_000); }); await route.abort().catch(() => undefined); return; }
    sent = true;
    const event = { number: 9, event: "new-host", time: "2026-11-23T16:03:25Z", data: { host: "10.77.0.99" } };
    await route.fulfill({ contentType: "text/event-stream", body: `id: 9\nevent: new-host\ndata: ${JSON.stringify(event)}\n\n` });
  });
  let extra = false;
  await page.route("**/api/v1/hosts", async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    const host = { id: "10.77.0.99", addresses: ["10.77.0.99"], realm: null, vlans: [], macs: [], vendor: null, names: [], roles: [], labels: [], internal: true, first: null, last: null };
    await route.fulfill({ response, body: extra ? `${text}${JSON.stringify(host)}\n` : text });
  });
  await page.setViewportSize({ width: 1280, height: 330 });
  await page.goto(`${served.url}/hosts`);
  await page.locator("tbody tr[data-id='10.77.0.15']").waitFor();
  const frame = page.getByRole("region", { name: /hosts: table/ });
  await frame.evaluate((element) => { element.scrollTop = 60; });
  extra = true;
  number = 2;
  await page.getByText("17 hosts").first().waitFor({ timeout: 20_000 });
  expect(await frame.evaluate((element) => element.scrollTop)).toBe(60);
  await page.getByRole("button", { name: /Live/ }).click();
  await page.getByRole("button", { name: /Paused/ }).waitFor();
  await close().catch((error: unknown) => { if (!String(error).includes("asked")) throw error; });
  await served.stop();
});

test("the first paint comes within a second, and the box takes words within two", async () => {
  const served = await serve([capture("three-tier")]);
  await (await open(served.url)).close();
  const { page, close } = await open("about:blank", {}, [/asked/]);
  const begun = Date.now();
  await page.goto(served.url);
  await page.getByRole("combobox", { name: "Search" }).fill("db");
  await page.getByRole("option").first().waitFor();
  const interactive = Date.now() - begun;
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity);
  expect(paint).toBeLessThan(1_000);
  expect(interactive).toBeLessThan(2_000);
  await close();
  await served.stop();
});

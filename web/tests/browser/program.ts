// The program itself, serving a capture on a port of its own, and the browser that looks at it.
import { spawn, execFileSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, expect } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BUILT = ["target/release/tapmap", "target/debug/tapmap"].map((path) => join(ROOT, path)).find((path) => existsSync(path));
export const BINARY = process.env["TAPMAP_BINARY"] ?? BUILT ?? "tapmap";
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const PICTURES = fileURLToPath(new URL("pictures/", import.meta.url));
mkdirSync(PICTURES, { recursive: true });

/** A capture of the project. */
export const capture = (name: string): string => join(ROOT, "captures", name, name.includes(".") ? "" : "capture.pcap");

const running: ChildProcess[] = [];
const folders: string[] = [];

export interface Served { url: string; stop: () => Promise<void>; port: number }

/** Serves captures, and waits until the map can be asked. */
export async function serve(files: string[], more: string[] = [], port = 0): Promise<Served> {
  const child = spawn(BINARY, ["serve", ...files, "--listen", `127.0.0.1:${port}`, ...more], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  let said = "";
  let complained = "";
  child.stderr.on("data", (text: Buffer) => { complained += text.toString(); });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => {
      said += text.toString();
      const found = /http:\/\/\S+:(\d+)/.exec(said);
      if (found !== null) resolve(found[0]);
    });
    child.on("exit", () => { reject(new Error(`${BINARY} ended: ${complained}`)); });
  });
  for (let turn = 0; turn < 300; turn += 1) {
    const ready = await fetch(`${url}/readyz`);
    if (ready.ok) break;
    await new Promise((then) => { setTimeout(then, 50); });
  }
  const stop = (): Promise<void> => new Promise((then) => {
    if (child.exitCode !== null) { then(); return; }
    child.on("exit", () => { then(); });
    child.kill("SIGTERM");
  });
  return { url, stop, port: Number(new URL(url).port) };
}

/** A folder that is gone afterwards. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tapmap-web-"));
  folders.push(path);
  return path;
}

/** What the program answers to other arguments. */
export function run(...words: string[]): string {
  return execFileSync(BINARY, words, { encoding: "utf8" });
}

let browser: Promise<Browser> | null = null;

/** A page that fails its test by any error in its console that was not expected. */
export async function open(url: string, options: BrowserContextOptions = {}, expected: RegExp[] = []): Promise<{ page: Page; close: () => Promise<void> }> {
  browser ??= chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") errors.push(message.text()); });
  page.on("pageerror", (error) => { errors.push(String(error)); });
  page.on("request", (request) => { if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) errors.push(`asked ${request.url()}`); });
  await page.goto(url);
  return {
    page,
    close: async () => {
      await context.close();
      expect(errors.filter((error) => !expected.some((known) => known.test(error)))).toEqual([]);
    },
  };
}

/** The page stands: nothing is on its way any more. */
export async function settled(page: Page): Promise<void> {
  const quiet = (): boolean => document.querySelector("[aria-label=Loading]") === null && document.querySelector("#content") !== null && document.documentElement.dataset["asking"] === "0";
  // What has come is drawn in the next turn, and may ask for more.
  for (let turn = 0; turn < 3; turn += 1) {
    await page.waitForFunction(quiet);
    await page.waitForTimeout(40);
  }
}

/** Everything that the API's list has. */
export async function rows<T>(url: string, list: string): Promise<T[]> {
  const response = await fetch(`${url}/api/v1/${list}`, { headers: { accept: "application/x-ndjson" } });
  return (await response.text()).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

afterAll(async () => {
  await (await browser)?.close();
  browser = null;
  for (const child of running) child.kill("SIGKILL");
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

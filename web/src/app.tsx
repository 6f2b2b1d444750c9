// The frame of all pages: the bar, the pages at the left, what is wrong, and what one looks at.
import { lazy, Suspense } from "preact/compat";
import type { ComponentType, VNode } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { Fault, Waiting } from "./component/part";
import { Search } from "./component/search";
import { Banners, Live, Source } from "./component/standing";
import { Help } from "./component/help";
import { count } from "./number";
import { CertificatePage } from "./page/certificate";
import { CertificatesPage, DependenciesPage, FindingsPage, HostsPage, ServicesPage } from "./page/tables";
import { DependencyPage } from "./page/dependency";
import { FindingPage } from "./page/finding";
import { HealthPage } from "./page/health";
import { HostPage } from "./page/host";
import { IncidentPage } from "./page/incident";
import { IsolatePage } from "./page/isolate";
import { Login } from "./page/login";
import { NetworkPage } from "./page/network";
import { SeenPage } from "./page/seen";
import { ServicePage } from "./page/service";
import { PathPage, RootPage, SpreadPage } from "./page/spread";
import { StartPage } from "./page/start";
import { ComparePage, EgressPage, MapsPage, TimelinePage, WeakPage } from "./page/more";
import { SegmentsPage } from "./page/segments";
import { go, href, page, subject } from "./route";
import { generation, missing, status } from "./state/live";
import { on } from "./state/on";
import { identity, logOut } from "./state/session";
import { theme, turn } from "./state/theme";
import icon from "./icon.svg";

// The map brings WebGL and a layout with it; whoever looks up a host does without.
const MapPage = lazy(() => import("./page/map").then(({ MapPage: page }) => ({ default: page })));

interface Entry { title: string; of?: "hosts" | "services" | "dependencies" | "findings"; group?: string }

/** The pages that stand at the left, in their order. */
const MENU: Record<string, Entry> = {
  "": { title: "Start" },
  hosts: { title: "Hosts", of: "hosts" },
  services: { title: "Services", of: "services" },
  dependencies: { title: "Dependencies", of: "dependencies" },
  certificates: { title: "Certificates" },
  findings: { title: "Findings", of: "findings" },
  map: { title: "Map", group: "Picture" },
  segments: { title: "Segments" },
  isolate: { title: "Isolate", group: "Incident" },
  path: { title: "Path" },
  timeline: { title: "Timeline" },
  weak: { title: "Weak points", group: "More" },
  egress: { title: "Egress" },
  compare: { title: "Compare" },
  health: { title: "Health" },
  maps: { title: "Captures" },
};

const PAGES: Record<string, ComponentType> = {
  "": StartPage, hosts: HostsPage, services: ServicesPage, dependencies: DependenciesPage,
  certificates: CertificatesPage, findings: FindingsPage, map: MapPage, segments: SegmentsPage,
  isolate: IsolatePage, path: PathPage, timeline: TimelinePage, weak: WeakPage, egress: EgressPage,
  compare: ComparePage, health: HealthPage, maps: MapsPage, host: HostPage, service: ServicePage,
  dependency: DependencyPage, certificate: CertificatePage, finding: FindingPage, network: NetworkPage,
  incident: IncidentPage, spread: SpreadPage, root: RootPage, seen: SeenPage,
};

/** Pages that fill the window and scroll inside. */
const FULL = ["hosts", "services", "dependencies", "certificates", "findings", "map"];

/** Which entry of the menu a page belongs to. */
const BELONGS: Record<string, string> = {
  host: "hosts", service: "services", dependency: "dependencies", certificate: "certificates", finding: "findings",
};

function Menu(): VNode {
  const counts = status.value?.snapshot;
  const here = BELONGS[page.value] ?? page.value;
  return <nav class="pages" aria-label="Pages">
    {Object.entries(MENU).map(([name, entry]) => <>
      {entry.group !== undefined && <div class="group" aria-hidden="true">{entry.group}</div>}
      <a key={name} href={href(name)} aria-current={here === name ? "page" : undefined}>
        {entry.title}
        {entry.of !== undefined && counts !== null && counts !== undefined && <span class="count">{count(counts[entry.of])}</span>}
      </a>
    </>)}
  </nav>;
}

function Bar({ help }: { help: () => void }): VNode {
  const who = identity.value;
  return <header class="bar">
    <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>Skip to the content</a>
    <a class="brand" href={href("")}><img src={icon} alt="" />tapmap</a>
    {page.value === "" ? <span class="search" /> : <Search />}
    <div class="right">
      <Live />
      <button type="button" class="plain" onClick={turn} title="Colours: as the system, light, dark" aria-label={`Colours: ${theme.value}`}>
        <span aria-hidden="true">{theme.value === "dark" ? "☾" : theme.value === "light" ? "☀" : "◐"}</span>
      </button>
      <button type="button" class="plain" onClick={help} aria-label="Help and keys"><kbd>?</kbd></button>
      {who !== null && who !== undefined && who.way === "session" &&
        <button type="button" class="plain" onClick={() => void logOut()} title={`${who.name}, ${who.role}`}>Log out</button>}
    </div>
  </header>;
}

function Content(): VNode {
  const Page = PAGES[page.value];
  const [broken, reset] = useErrorBoundary();
  useEffect(() => { if (broken !== undefined) reset(); }, [page.value, subject.value]);
  if (broken !== undefined) {
    return <div class="fault" role="alert"><strong>This part of the page failed</strong>
      <p>{String((broken as Error).message)}</p><button type="button" onClick={reset}>Try again</button></div>;
  }
  if (missing.value !== null && missing.value.status === 404 && on.value !== null) {
    return <Fault problem={missing.value}><a class="button" href="/maps">All captures</a></Fault>;
  }
  if (Page === undefined) {
    return <div class="empty"><strong>There is no such page</strong><p><a href={href("")}>To the start</a></p></div>;
  }
  const state = status.value?.state;
  if (state === undefined || (state !== "ready" && page.value !== "maps" && page.value !== "health")) return <Waiting />;
  return <Suspense fallback={<Waiting />}><Page /></Suspense>;
}

/** Keys that work everywhere, as long as nobody types. */
const GO: Record<string, string> = { h: "hosts", s: "services", d: "dependencies", c: "certificates", f: "findings", m: "map", i: "isolate", t: "timeline", e: "egress" };

function useKeys(help: () => void): void {
  useEffect(() => {
    let lead = 0;
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.metaKey || event.ctrlKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLInputElement>(".search-box")?.focus();
      } else if (event.key === "?") help();
      else if (event.key === "g") lead = Date.now();
      else if (Date.now() - lead < 1_200 && GO[event.key] !== undefined) {
        lead = 0;
        go(href(GO[event.key] ?? ""));
      }
    };
    document.addEventListener("keydown", pressed);
    return () => { document.removeEventListener("keydown", pressed); };
  }, []);
}

export function App(): VNode {
  const [help, setHelp] = useState(false);
  useKeys(() => { setHelp(true); });
  void generation.value;
  const name = page.value;
  const title = MENU[name]?.title ?? name;
  useEffect(() => {
    document.title = [subject.value, title === "Start" ? "" : title, "tapmap"].filter((part) => part !== "").join(" · ");
  }, [name, subject.value]);
  if (identity.value === null) return <Login />;
  return <>
    <div class="shell">
      <Bar help={() => { setHelp(true); }} />
      <Menu />
      <main id="content" tabIndex={-1} class={FULL.includes(name) ? "full" : ""}>
        <Source />
        <Banners />
        {identity.value === undefined ? <Waiting /> : <Content key={`${name}/${subject.value}`} />}
      </main>
    </div>
    {help && <Help close={() => { setHelp(false); }} />}
  </>;
}

// How things stand: whether the server answers, how far captures are read, what is not as it should be.
import type { VNode } from "preact";
import { bytes, count, percent } from "../number";
import { events, health, offline, paused, generation, status } from "../state/live";
import { on } from "../state/on";
import { utc } from "../time";

/** The sign at the top: live, paused, or what the map is made of. */
export function Live(): VNode {
  const told = status.value;
  if (offline.value) return <span class="live off" role="status"><span class="dot" aria-hidden="true" />No answer</span>;
  if (told === null) return <span class="live" />;
  const at = utc(told.snapshot?.as_of).slice(0, 19);
  if (told.source !== "sensor") {
    return <span class="live paused wide-only" title="The newest packet"><span class="dot" aria-hidden="true" />as of {at}Z</span>;
  }
  const turn = (): void => {
    paused.value = !paused.value;
    if (!paused.value) generation.value += 1;
  };
  return <button type="button" class={`plain live ${paused.value ? "paused" : ""}`} onClick={turn} aria-pressed={!paused.value}
    title={paused.value ? "The page stands still; press to follow the map" : "The page follows the map; press to stop it"}>
    <span class="dot" aria-hidden="true" />{paused.value ? "Paused" : "Live"} <span class="wide-only mono">{at.slice(11)}Z</span>
  </button>;
}

/** Says which uploaded capture is looked at. */
export function Source(): VNode | null {
  if (on.value === null) return null;
  return <div class="banner note" role="note">
    <span>You look at the uploaded capture <code>{on.value}</code>, not at the map of this server.</span>
    <a class="away" href="/">Back to the server’s map</a>
  </div>;
}

/** What everybody must know before he believes the page. */
export function Banners(): VNode {
  const told = status.value;
  const lines = health.value?.lines.filter((line) => line.state === "degraded" || line.state === "failed") ?? [];
  const lost = events.value.find((event) => event.event === "lost");
  return <div aria-live="polite">
    {offline.value && <div class="banner bad"><strong>The server does not answer.</strong>
      <span>What you see is from {utc(told?.snapshot?.as_of)}. The page goes on by itself when the server is back.</span></div>}
    {told?.state === "failed" && <div class="banner bad"><strong>Reading failed.</strong><span>{told.problem}</span></div>}
    {told?.state === "reading" && told.progress !== null && <div class="banner note">
      <strong>Reading</strong>
      {told.progress.total !== null && <progress aria-label="Read" value={told.progress.bytes} max={told.progress.total} />}
      <span>{told.progress.total === null ? bytes(told.progress.bytes) : percent(told.progress.bytes / Math.max(1, told.progress.total))}, {count(told.progress.packets)} packets</span>
    </div>}
    {lines.map((line) => <div class="banner" key={line.what + line.sentence}><strong>{line.what}</strong><span>{line.sentence}</span>
      <a class="away" href="/health">Health</a></div>)}
    {lost !== undefined && <span class="unseen">Some events were missed; the page shows the newest map.</span>}
  </div>;
}

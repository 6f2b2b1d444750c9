// Who was reached, in order of time, with the way that led there; a player goes through it.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Forward, Hop, Reached } from "../api/types";
import { ClassTag } from "../page/host";
import { Empty, HostLink, Some, Tag, Time } from "../component/part";
import { address } from "../id";
import { count, counted, percent } from "../number";
import { href } from "../route";
import { nameOf } from "../state/names";
import { clock, millis, span } from "../time";

const STEP_MS = 700;

/** The way as a chain: who, by what, when. */
export function Chain({ hops }: { hops: Hop[] }): VNode {
  const first = hops[0];
  return <span class="chain">
    {first !== undefined && <span class="stop">{nameOf(first.actor) ?? address(first.actor)}</span>}
    {hops.map((hop) => <span key={hop.dependency + hop.first} class="hop">
      <a class="way" href={href("dependency", hop.dependency)} title={`${hop.source} frame ${hop.frame}, ${hop.class}${hop.direction_decided ? "" : ", direction unsure"}`}>
        {hop.protocol ?? `:${hop.port}`} {hop.at !== null && <span class="mono">{clock(hop.at)}</span>}{hop.open && " open"} →</a>
      <span class="stop">{nameOf(hop.target) ?? address(hop.target)}</span>
    </span>)}
  </span>;
}

/** A track of time with a mark for each that was reached. */
function Track({ rows, from, at }: { rows: Reached[]; from: number; at: number }): VNode {
  const until = Math.max(from + 1, ...rows.map((row) => millis(row.at)));
  const x = (moment: number): number => 8 + (984 * (moment - from)) / (until - from);
  return <svg class="track-of-time" viewBox="0 0 1000 34" preserveAspectRatio="none" aria-hidden="true">
    <line x1="8" x2="992" y1="17" y2="17" />
    <line class="past" x1="8" x2={x(at)} y1="17" y2="17" />
    {rows.map((row) => <rect key={row.host} class={millis(row.at) <= at ? "hit" : "later"} x={x(millis(row.at)) - 2} y={row.controlled ? 6 : 10} width="4" height={row.controlled ? 22 : 14} />)}
  </svg>;
}

export function Player({ told }: { told: Forward }): VNode {
  const rows = [...told.reached].sort((one, other) => one.at.localeCompare(other.at));
  const [step, setStep] = useState(rows.length);
  const [playing, play] = useState(false);
  useEffect(() => { setStep(rows.length); }, [told]);
  useEffect(() => {
    if (!playing) return undefined;
    const timer = window.setInterval(() => {
      setStep((now) => {
        if (now < rows.length) return now + 1;
        play(false);
        return now;
      });
    }, STEP_MS);
    return () => { window.clearInterval(timer); };
  }, [playing, rows.length]);
  if (rows.length === 0) return <Empty title="Nobody was reached after that">It was in touch with nobody by a way that lets it run something. Contacts for data stand above.</Empty>;
  const now = step === 0 ? told.at : (rows[step - 1]?.at ?? told.at);
  const start = (): void => {
    if (step >= rows.length) setStep(0);
    play(!playing);
  };
  return <div class="player">
    <div class="table-tools">
      <button type="button" onClick={start} aria-pressed={playing}>{playing ? "❚❚ Stop" : "▶ Play"}</button>
      <input type="range" aria-label="Step" min="0" max={rows.length} value={step} onInput={(event) => { play(false); setStep(event.currentTarget.valueAsNumber); }} />
      <span role="status"><Time at={now} /> · <strong>{counted(step, "host")}</strong> of {count(rows.length)} reached</span>
    </div>
    <Track rows={rows} from={millis(told.at)} at={millis(now)} />
    <table class="list story"><thead><tr><th>When</th><th>Who</th><th>As</th><th>Way</th><th class="number">Sure</th></tr></thead>
      <tbody>{rows.map((row, at) => <tr key={row.host} class={at < step ? (at === step - 1 ? "now" : "") : "later"}>
        <td class="nowrap"><Time at={row.at} fraction={1} short /> <span class="soft small">+{span((millis(row.at) - millis(told.at)) / 1000)}</span></td>
        <td><HostLink id={row.host} /></td><td class="nowrap"><ClassTag of={row.class} />{!row.controlled && <> <Tag kind="info">touched</Tag></>}</td>
        <td><Chain hops={row.hops} /></td><td class="number">{percent(row.probability)}</td></tr>)}</tbody></table>
  </div>;
}

/** Whom a drawing without time would accuse, and why time says no. */
export function NotReached({ told }: { told: Forward }): VNode | null {
  if (told.out_of_time.length === 0) return null;
  return <details><summary>{counted(told.out_of_time.length, "host")} that a map without time would accuse, and time says no</summary>
    <Some of={told.out_of_time} most={20}>{(rows) => <table class="list"><tbody>{rows.map((row) => <tr key={row.host}>
      <td><HostLink id={row.host} /></td>
      <td>{row.missed === null ? "–" : <>its contact with {nameOf(row.missed.actor) ?? row.missed.actor} ended <Time at={row.missed.last} short /></>}
        {row.actor_reached !== null && <>, before that one was reached at <Time at={row.actor_reached} short /></>}</td></tr>)}</tbody></table>}</Some>
  </details>;
}

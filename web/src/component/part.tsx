// Small parts that every page is made of: times, hosts, services, tags, empty and failed states.
import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../api/client";
import type { Band } from "../api/types";
import { address, dependency, hostOf, portOf, service } from "../id";
import { href } from "../route";
import type { Resource } from "../state/resource";
import { nameOf } from "../state/names";
import { clock, local, utc } from "../time";

/** A moment in UTC; the reader's own time when one points at it. */
export function Time({ at, short = false, fraction = 0 }: { at: string | null | undefined; short?: boolean; fraction?: number }): VNode {
  if (at === null || at === undefined) return <span class="soft">–</span>;
  return <time class="mono nowrap" dateTime={at} title={`${local(at)} here`}>{short ? clock(at, fraction) : utc(at, fraction)}</time>;
}

/** A host: its address and what it is called. A moment stays with it. */
export function HostLink({ id, at, name = true }: { id: string; at?: string; name?: boolean }): VNode {
  const called = name ? nameOf(id) : null;
  return <a class="who" href={href("host", at === undefined ? id : `${id}@${at}`)} title={called === null ? id : `${id} · ${called}`}>
    <span class="mono">{address(id)}</span>{called !== null && <span class="name">{called}</span>}
  </a>;
}

/** A service: its host and port. */
export function ServiceLink({ id, name = true }: { id: string; name?: boolean }): VNode {
  const read = service(id);
  if (read === null) return <HostLink id={id} name={name} />;
  const called = name ? nameOf(read.host) : null;
  return <a class="who" href={href("service", id)} title={called === null ? id : `${id} · ${called}`}>
    <span class="mono">{read.host.includes(":") ? `[${address(read.host)}]` : address(read.host)}{portOf(id)}</span>
    {called !== null && <span class="name">{called}</span>}
  </a>;
}

/** Whatever an id names. */
export function NodeLink({ id }: { id: string }): VNode {
  return id.includes(">") ? <DependencyLink id={id} /> : service(id) === null ? <HostLink id={id} /> : <ServiceLink id={id} />;
}

/** An arrow: who uses what. */
export function DependencyLink({ id }: { id: string }): VNode {
  const read = dependency(id);
  if (read === null) return <span class="mono">{id}</span>;
  const [client, server] = [nameOf(read.client) ?? address(read.client), nameOf(hostOf(id)) ?? address(hostOf(id))];
  return <a href={href("dependency", id)} title={id} class="nowrap">{client} → {server}{portOf(read.service)}</a>;
}

export function Tag({ kind = "", sign, title, children }: { kind?: string; sign?: string; title?: string; children: ComponentChildren }): VNode {
  return <span class={`tag ${kind}`} title={title}>{sign !== undefined && <span aria-hidden="true">{sign}</span>}{children}</span>;
}

const BAND_SIGN: Record<Band, string> = { critical: "◆", high: "▲", medium: "■", low: "●", info: "○" };

/** How bad something is: a word, a sign and a colour. */
export function BandTag({ band }: { band: Band }): VNode {
  return <Tag kind={band} sign={BAND_SIGN[band]}>{band}</Tag>;
}

/** A score as a bar with its number. */
export function Score({ score, band }: { score: number; band: Band }): VNode {
  return <span class={`score ${band}`}>
    <span class="track" aria-hidden="true"><span class="fill" style={{ width: `${Math.min(100, score)}%` }} /></span>
    <span class="number">{score.toFixed(0)}</span>
  </span>;
}

/** Copies a text, and says so. */
export function Copy({ text, label = "Copy" }: { text: string | (() => string); label?: string }): VNode {
  const [said, say] = useState("");
  const copy = (): void => {
    const words = typeof text === "string" ? text : text();
    navigator.clipboard.writeText(words).then(() => { say("Copied"); }, () => { say("Not allowed here"); });
    window.setTimeout(() => { say(""); }, 1_600);
  };
  return <button type="button" onClick={copy}><span aria-live="polite">{said === "" ? label : said}</span></button>;
}

/** Offers a text as a file. */
export function save(name: string, media: string, content: BlobPart): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: media }));
  link.download = name;
  link.click();
  window.setTimeout(() => { URL.revokeObjectURL(link.href); }, 10_000);
}

/** Why there is nothing. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  return <div class="empty"><strong>{title}</strong>{children}</div>;
}

/** Why there is no answer, in the server's own sentence, with the word that is wrong. */
export function Fault({ problem, children }: { problem: Problem; children?: ComponentChildren }): VNode {
  const { word } = problem;
  return <div class="fault" role="alert">
    <strong>{problem.title}</strong>
    <p>{problem.detail}</p>
    {word !== undefined && word.text !== "" && <p class="small soft">In <code>{word.parameter}</code>: <mark class="mono">{word.text}</mark></p>}
    {children}
  </div>;
}

export function Waiting({ rows = 5 }: { rows?: number }): VNode {
  return <div class="waiting bones" role="status" aria-label="Loading">{Array.from({ length: rows }, (_, at) => <i key={at} />)}</div>;
}

/** Shows what was asked for, or why it is not there. */
export function Answered<T>({ of, children, rows, whole = false }: { of: Resource<T>; children: (data: T) => ComponentChildren; rows?: number; whole?: boolean }): VNode {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  // Where the answer is the whole page, its heading is missing with it.
  if (of.problem !== undefined) return <>{whole && <h1 class="unseen">{of.problem.title}</h1>}<Fault problem={of.problem} /></>;
  return <Waiting {...(rows !== undefined && { rows })} />;
}

/** A part of a page with its title. */
export function Plate({ title, about, right, children, id }: {
  title: string; about?: ComponentChildren; right?: ComponentChildren; children: ComponentChildren; id?: string;
}): VNode {
  return <section class="plate" id={id} aria-label={title}>
    <h2>{title}{about !== undefined && <span class="soft">{about}</span>}{right !== undefined && <span class="right">{right}</span>}</h2>
    {children}
  </section>;
}

/** The first rows of something; the others when one asks for them. */
export function Some<T>({ of, most = 8, children }: { of: T[]; most?: number; children: (rows: T[]) => ComponentChildren }): VNode {
  const [all, showAll] = useState(false);
  const shown = all ? of : of.slice(0, most);
  return <>
    {children(shown)}
    {of.length > most && <button type="button" class="plain" onClick={() => { showAll(!all); }} aria-expanded={all}>
      {all ? "Show fewer" : `Show all ${of.length}`}
    </button>}
  </>;
}

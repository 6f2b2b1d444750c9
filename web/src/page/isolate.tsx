// What breaks if something is cut off.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ofMap, withParameters } from "../api/client";
import type { Answer, Isolation, Mode } from "../api/types";
import { Blindness, Cite } from "../component/blindness";
import { Answered, Copy, DependencyLink, HostLink, Some } from "../component/part";
import { IsolationPart } from "../incident/isolation";
import { count, counted } from "../number";
import { change, place, word } from "../route";
import { useDocument } from "../state/resource";

const MODES: [Mode, string][] = [
  ["full", "everything across the boundary"], ["quarantine", "all but forensics: EDR, logs, jump hosts"], ["lateral", "only ways to run something, and insecure ones"],
  ["egress", "what it opens itself"], ["ingress", "what others open to it"],
];

export function IsolatePage(): VNode {
  const query = place.value.query;
  const said = word("targets");
  const edge = query.getAll("edge");
  const targets = said.split(/[\s,]+/).filter((text) => text !== "");
  const mode = (word("mode") || "full") as Mode;
  const keep = word("keep").split(/[\s,]+/).filter((text) => text !== "");
  const [text, type] = useState(said);
  const [kept, keepText] = useState(word("keep"));
  useEffect(() => { type(said); }, [said]);
  const ready = mode === "edge" ? edge.length > 0 : targets.length > 0;
  const told = useDocument<Answer<Isolation>>(ready ? withParameters(ofMap("/isolate"), { targets, mode, keep, edge }) : null);
  return <>
    <div class="head"><h1>What breaks if it is cut off</h1><div class="actions"><Copy label="Copy link" text={() => location.href} /></div></div>
    {mode === "edge" ? <p>Without {edge.map((id) => <DependencyLink key={id} id={id} />)}</p> :
      <form class="ask" onSubmit={(event) => { event.preventDefault(); change({ targets: text.trim(), keep: kept.trim() }); }}>
        <label>Cut off <input type="text" class="mono" size={36} value={text} autofocus={said === ""} placeholder="10.0.3.0/24, db1, label:crown, 10.0.3.9:443" onInput={(event) => { type(event.currentTarget.value); }} /></label>
        <label>Keep open <input type="text" class="mono" size={28} value={kept} placeholder="10.0.4.8>10.0.3.9:5432" onInput={(event) => { keepText(event.currentTarget.value); }} /></label>
        <label>Block <select value={mode} onChange={(event) => { change({ mode: event.currentTarget.value }); }}>{MODES.map(([name, about]) => <option key={name} value={name}>{name}: {about}</option>)}</select></label>
        <button class="primary" type="submit">What breaks?</button>
      </form>}
    {ready && <Answered of={told} rows={12}>{(answer) => <>
      <div class="verdicts"><p><span class="soft">{mode} isolation of {answer.result.targets.length === 1 ? <HostLink id={answer.result.targets[0] ?? ""} /> : counted(answer.result.targets.length, "host")}</span><strong>{verdict(answer.result)}</strong></p></div>
      {answer.result.targets.length > 1 && <details><summary>{counted(answer.result.targets.length, "host")}</summary><div class="tags"><Some of={answer.result.targets} most={60}>{(ids) => ids.map((id) => <HostLink key={id} id={id} />)}</Some></div></details>}
      <Blindness answer={answer} />
      <IsolationPart targets={targets} answer={answer} mode={mode} keep={keep} choose={(option) => { change({ mode: option.mode, keep: option.keep.join(" ") }); }} />
      <Cite answer={answer} />
    </>}</Answered>}
  </>;
}

/** What breaks, in one sentence. */
export function verdict(told: Isolation): string {
  const { outside, inside } = told;
  const breaks = outside.services === 0 ? "breaks no service outside" : `breaks ${counted(outside.services, "service")} outside`;
  const critical = outside.critical > 0 ? `, ${count(outside.critical)} critical` : "";
  const may = outside.may.length > 0 ? `, ${count(outside.may.length)} more may` : "";
  const within = inside.must.length > 0 ? `; inside, ${count(inside.must.length)} lose something` : "";
  const sessions = told.open_flows.length > 0 ? `; resets ${counted(told.open_flows.length, "open session")}` : "";
  return `${breaks}${critical}${may}; ${counted(outside.clients, "client")} hit${within}${sessions}.`;
}

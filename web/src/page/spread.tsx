// Through time: whom somebody reached, where it came from, and how one gets from one host to another.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ofMap, withParameters } from "../api/client";
import type { Answer, Backward, HostCard, PathAnswer } from "../api/types";
import { Blindness, Cite } from "../component/blindness";
import { Moment } from "../component/moment";
import { Answered, Copy, DependencyLink, Empty, HostLink, Plate, Some, Tag, Time } from "../component/part";
import { Chain } from "../incident/spread";
import { count, counted, percent } from "../number";
import { change, href, subject, word } from "../route";
import { status } from "../state/live";
import { useDocument } from "../state/resource";
import { ClassTag } from "./host";
import { dated, parted } from "../target";
import { Spread } from "./incident";

export function SpreadPage(): VNode {
  const target = dated(subject.value, status.value?.snapshot?.as_of ?? null);
  const card = useDocument<Answer<HostCard>>(withParameters(ofMap("/host"), { target: parted(target).place }));
  return <Answered of={card} whole>{(answer) => <>
    <div class="head"><h1>What <HostLink id={answer.result.host.id} /> has reached</h1>
      <div class="actions"><a class="button" href={href("incident", target)}>Incident</a><Copy label="Copy link" text={() => location.href} /></div></div>
    <Blindness answer={answer} />
    <Spread target={target} first={answer.result.host.first ?? answer.window.first} day={answer.window.as_of} />
    <Cite answer={answer} />
  </>}</Answered>;
}

/** Who can have been the first, ranked. */
export function Candidates({ targets, at }: { targets: string[]; at: string }): VNode {
  const told = useDocument<Answer<Backward>>(withParameters(ofMap("/trace/back"), { targets, at }));
  return <Answered of={told}>{({ result }) => {
    if (result.candidates.length === 0) return <Empty title="Nobody was seen who can have infected it">It came another way, or unseen.</Empty>;
    return <>
      <Some of={result.candidates} most={8}>{(rows) => <table class="list"><thead><tr><th>Candidate</th><th class="number">Explains</th><th class="number">Score</th><th>Left at the latest</th><th>Way</th><th>Odd</th></tr></thead>
        <tbody>{rows.map((row) => <tr key={row.host}>
          <td><HostLink id={row.host} />{row.victim && <> <Tag kind="critical">victim</Tag></>}</td>
          <td class="number nowrap">{count(row.explains)} of {count(result.victims.length)}</td><td class="number">{row.score.toFixed(2)}</td>
          <td><Time at={row.at} short /></td><td>{row.victims[0] !== undefined && <Chain hops={row.victims[0].hops} />} <ClassTag of={row.class} /></td>
          <td>{row.anomalies.map((one) => <Tag key={one} kind="medium">{one.replaceAll("_", " ")}</Tag>)}</td></tr>)}</tbody></table>}</Some>
      {result.causes.length > 0 && <p class="soft">It came in at the latest by {result.causes.slice(0, 3).map((cause, place) => <span key={cause.dependency}>{place > 0 && ", "}<DependencyLink id={cause.dependency} /> (<Time at={cause.last} short />)</span>)}.</p>}
    </>;
  }}</Answered>;
}

/** Several victims together, and who explains them. */
export function RootPage(): VNode {
  const said = word("with");
  const [text, type] = useState(said);
  const victims = [parted(subject.value).place, ...said.split(/[\s,]+/).filter((one) => one !== "")];
  const card = useDocument<Answer<HostCard>>(withParameters(ofMap("/host"), { target: victims[0] ?? "" }));
  const at = word("at") || (card.data?.window.as_of ?? null);
  return <>
    <div class="head"><h1>Who can have been the first</h1></div>
    <form class="ask" onSubmit={(event) => { event.preventDefault(); change({ with: text.trim() }); }}>
      <span>Victims <code>{victims[0]}</code></span><label>and <input type="text" class="mono" size={40} value={text} placeholder="10.0.3.9 10.0.3.12@10:04Z" onInput={(event) => { type(event.currentTarget.value); }} /></label>
      <button type="submit">Ask</button></form>
    <Moment label="Known to be infected at" value={at} day={card.data?.window.as_of ?? null} change={(moment) => { change({ at: moment }); }} />
    {card.data !== undefined && <Blindness answer={card.data} />}
    <Plate title="Candidates" about={counted(victims.length, "victim")}>{at !== null && <Candidates targets={victims} at={at} />}</Plate>
  </>;
}

export function PathPage(): VNode {
  const [from, to] = [word("from"), word("to")];
  const [one, typeOne] = useState(from);
  const [other, typeOther] = useState(to);
  const told = useDocument<Answer<PathAnswer>>(from === "" || to === "" ? null : withParameters(ofMap("/path"), { from, to, at: word("at"), classes: word("classes") }));
  return <>
    <div class="head"><h1>How one gets from one host to another</h1></div>
    <form class="ask" onSubmit={(event) => { event.preventDefault(); change({ from: one.trim(), to: other.trim() }); }}>
      <label>From <input type="text" class="mono" value={one} placeholder="ws1" onInput={(event) => { typeOne(event.currentTarget.value); }} /></label>
      <label>to <input type="text" class="mono" value={other} placeholder="db1 or 10.0.3.9:5432" onInput={(event) => { typeOther(event.currentTarget.value); }} /></label>
      <label><input type="checkbox" checked={word("classes") === "all"} onChange={(event) => { change({ classes: event.currentTarget.checked ? "all" : "" }); }} /> also by contacts for data</label>
      <button class="primary" type="submit">Find paths</button></form>
    {from !== "" && to !== "" && <Answered of={told}>{(answer) => <>
      <Moment label="Not before" value={word("at") || null} day={answer.window.as_of} change={(moment) => { change({ at: moment }); }} />
      <p class="lead">{answer.result.paths.length === 0 ? <><strong>No path in time</strong> was seen{answer.result.without_time.length > 0 && "; a map without time would show one"}.</> : <><strong>{counted(answer.result.paths.length, "path")}</strong>{!answer.result.complete && " and more"}, the earliest first.</>}</p>
      <Blindness answer={answer} />
      {answer.result.paths.map((path) => <Plate key={path.path.join() + path.at} title={`Arrives ${path.at.slice(11, 19)}Z`} about={`${counted(path.hops.length, "hop")}, ${percent(path.probability)} sure`}>
        <Chain hops={path.hops} />
        <table class="list"><tbody>{path.hops.map((hop) => <tr key={hop.dependency + hop.first}>
          <td><Time at={hop.at} fraction={1} /></td><td><HostLink id={hop.actor} /> → <HostLink id={hop.target} /></td><td>{hop.protocol} <ClassTag of={hop.class} /></td>
          <td class="soft">session <Time at={hop.first} short /> – {hop.open ? "open" : <Time at={hop.last} short />}</td><td class="mono" title={hop.source}>frame {hop.frame}</td></tr>)}</tbody></table>
      </Plate>)}
      {answer.result.paths.length === 0 && answer.result.without_time.length > 0 && <Plate title="Without time"><Chain hops={answer.result.without_time} /></Plate>}
      <Cite answer={answer} />
    </>}</Answered>}
  </>;
}

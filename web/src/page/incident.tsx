// Somebody says that a host is compromised: what stops with it, what it can reach, whom it reached since
// when, what to cut and what that breaks, where it came from, and what nobody can see.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ofMap, withParameters } from "../api/client";
import type { Answer, BlastRadius, Forward, HostCard, Isolation, Mode, Option } from "../api/types";
import { Blindness, Cite } from "../component/blindness";
import { Moment } from "../component/moment";
import { Answered, Copy, Fault, HostLink, Plate, ServiceLink, Tag, Time } from "../component/part";
import { IfCompromised, IfItStops, reaches, stops } from "../incident/answers";
import { IsolationPart } from "../incident/isolation";
import { Rings } from "../incident/rings-picture";
import { NotReached, Player } from "../incident/spread";
import { service } from "../id";
import { counted } from "../number";
import { change, href, subject, word } from "../route";
import { status } from "../state/live";
import { bestName } from "../state/names";
import { dated, parted } from "../target";
import { moment } from "../time";
import { useDocument, type Resource } from "../state/resource";
import { Candidates } from "./spread";

export function IncidentPage(): VNode {
  const target = dated(subject.value, status.value?.snapshot?.as_of ?? null);
  const radius = useDocument<Answer<BlastRadius>>(withParameters(ofMap("/blast-radius"), { target }));
  const card = useDocument<Answer<HostCard>>(withParameters(ofMap("/host"), { target }));
  return <Answered of={radius} rows={14} whole>{(answer) => <Shown answer={answer} card={card} target={target} />}</Answered>;
}

function Shown({ answer, card, target }: { answer: Answer<BlastRadius>; card: Resource<Answer<HostCard>>; target: string }): VNode {
  const { result } = answer;
  const middle = result.targets[0] ?? result.target;
  const single = service(middle) !== null;
  const host = card.data?.result.host;
  const open = card.data?.result.sessions.filter((row) => row.class.startsWith("exec")) ?? [];
  const users = [...new Set(card.data?.result.users.map((row) => row.user) ?? [])];
  return <>
    <div class="head">
      <h1>{single ? <ServiceLink id={middle} /> : <>{bestName(host) ?? ""} <span class="mono">{middle}</span></>}</h1>
      <span class="tags"><Tag kind="critical" sign="◆">incident</Tag>{host?.roles.map((role) => <Tag key={role}>{role}</Tag>)}
        {result.targets.length > 1 && <Tag>{counted(result.targets.length, "host")} together</Tag>}
        {open.length > 0 && <Tag kind="admin" sign="▲">{counted(open.length, "admin session")} open</Tag>}
        {users.slice(0, 3).map((user) => <Tag key={user}>{user}</Tag>)}</span>
      <div class="actions">{!single && <a class="button" href={href("host", target)}>Host</a>}<Copy label="Copy link" text={() => location.href} /></div>
    </div>
    {card.data?.result.at !== null && card.data?.result.at !== undefined && <p class="soft">Held then by <span class="mono">{card.data.result.at.mac}</span> since <Time at={card.data.result.at.from} /></p>}
    <div class="verdicts">
      <p><span class="soft">If it stops</span><strong>{stops(result)}</strong></p>
      <p><span class="soft">If it is compromised</span><strong>{reaches(result.exposure)}</strong></p>
    </div>
    <nav class="jump" aria-label="Parts of this page">{([["stops", "Impact"], ["picture", "Picture"], ["spread", "Spread"], ["isolation", "Isolation"], ["origin", "Origin"]] as const)
      .filter(([id]) => !single || id === "stops" || id === "picture").map(([id, title]) =>
        <button key={id} type="button" class="plain" onClick={() => { document.getElementById(id)?.scrollIntoView({ behavior: "smooth" }); }}>{title}</button>)}</nav>
    <Blindness answer={answer} />
    <div class="columns" id="stops">
      <IfItStops radius={result} />
      {result.exposure !== null && <IfCompromised exposure={result.exposure} />}
    </div>
    <div id="picture"><Plate title="Around it"><Rings radius={result} /></Plate></div>
    {!single && <>
      <Spread target={target} first={host?.first ?? answer.window.first} day={answer.window.as_of} />
      <Isolated targets={result.targets} />
      <Origin target={target} day={answer.window.as_of} />
    </>}
    <Cite answer={answer} />
  </>;
}

/** Whom it reached since a moment, in order of time. */
export function Spread({ target, first, day }: { target: string; first: string | null; day: string | null }): VNode {
  const named = parted(target);
  const said = word("at") === "" ? named.at : word("at");
  const at = said === null ? first : (moment(said, day) ?? said);
  const classes = word("classes");
  const told = useDocument<Answer<Forward>>(at === null ? null : withParameters(ofMap("/trace/forward"), { targets: [named.place], at, classes }));
  return <section class="plate" id="spread" aria-label="Spread">
    <h2>What it has reached since <span class="right"><label><input type="checkbox" checked={classes === "all"} onChange={(event) => { change({ classes: event.currentTarget.checked ? "all" : "" }); }} /> also by contacts for data</label></span></h2>
    <Moment label="Infected at" value={told.data?.result.at ?? at} day={day} change={(chosen) => { change({ at: chosen }); }} />
    {told.problem !== undefined && told.data === undefined ? <Fault problem={told.problem} />
      : <Answered of={told}>{(answer) => <><Player told={answer.result} /><NotReached told={answer.result} /></>}</Answered>}
  </section>;
}

function Isolated({ targets }: { targets: string[] }): VNode {
  const [option, choose] = useState<{ mode: Mode; keep: string[] }>({ mode: "quarantine", keep: [] });
  const told = useDocument<Answer<Isolation>>(withParameters(ofMap("/isolate"), { targets, mode: option.mode, keep: option.keep }));
  return <section id="isolation" aria-label="Isolation"><h2 class="between">Isolate it</h2>
    <Answered of={told}>{(answer) => <IsolationPart targets={targets} answer={answer} mode={option.mode} keep={option.keep} infected={targets} choose={({ mode, keep }: Option) => { choose({ mode, keep }); }} />}</Answered>
  </section>;
}

/** Who can have infected it. */
function Origin({ target, day }: { target: string; day: string | null }): VNode {
  const named = parted(target);
  const [at, setAt] = useState<string | null>(named.at ?? day);
  return <section class="plate" id="origin" aria-label="Origin">
    <h2>Where it can have come from <span class="soft">patient zero</span><span class="right"><a href={href("root", named.place, { at: at ?? "" })}>Several victims</a></span></h2>
    <Moment label="Known to be infected at" value={at} day={day} change={setAt} />
    {at !== null && <Candidates targets={[named.place]} at={at} />}
    <p class="small soft">All that is known of <HostLink id={named.place} /> stands on its own page.</p>
  </section>;
}

// What the tap could not see of those whom an answer is about. It stands beside every answer and cannot be folded away.
import type { VNode } from "preact";
import type { Answer } from "../api/types";
import { count } from "../number";
import { lines } from "../sight";
import { span, utc } from "../time";
import { HostLink, Some } from "./part";

export function Blindness({ answer }: { answer: Answer<unknown> }): VNode {
  const all = lines(answer.visibility, answer.window.watched_seconds);
  const fine = all.filter((line) => line.fine);
  return <section class="blind" aria-label="What this tap cannot see here">
    <h2>What this tap cannot see here</h2>
    <ul>{all.filter((line) => !line.fine).map((line) => <li key={line.text}>
      {line.text}
      {line.hosts !== undefined && line.hosts.length > 0 && <div class="tags"><Some of={line.hosts} most={4}>{(hosts) => hosts.map((host) => <HostLink key={host} id={host} />)}</Some></div>}
    </li>)}
      {fine.length > 0 && <li class="fine">{fine.map((line) => line.text).join(" ")}</li>}</ul>
  </section>;
}

/** By which an answer can be cited. */
export function Cite({ answer }: { answer: Answer<unknown> }): VNode {
  return <p class="soft small">
    as of <span class="mono">{utc(answer.window.as_of)}</span> · watched {span(answer.window.watched_seconds)} ·
    answer <a class="mono" href={`/api/v1/answers/${answer.answer_id}`} target="_blank" title="The answer as programs read it">{answer.answer_id.slice(0, 12)}…</a> · snapshot {count(answer.snapshot.number)}
  </p>;
}

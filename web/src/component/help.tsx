// What one can type and press.
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { identity } from "../state/session";
import { status } from "../state/live";

const SEARCHES: [string, string][] = [
  ["10.0.3.9", "a host: who it is, who needs it, what it needs"],
  ["10.0.3.9@2026-03-14T10:04Z", "whoever held the address then"],
  ["db1", "a host by its name, or part of it"],
  ["10.0.3.9:5432", "a service"],
  ["10.0.3.0/24", "a network"],
  ["bad.example · user:eve · cert:3fa9… · ja4:t13d…", "who touched it"],
  ["label:crown · role:database", "hosts of a kind"],
  ["isolate 10.0.3.0/24", "what breaks if it is cut off"],
  ["spread 10.0.2.17 since 10:04", "what it has reached since then"],
  ["path ws1 db1", "how one gets from one to the other"],
  ["port:443 proto:tls -internal:yes", "a filter of the lists, as the API has it"],
];

const KEYS: [string, string][] = [
  ["/", "search"], ["?", "this help"], ["Esc", "close, leave a box"],
  ["g h · g s · g d", "hosts, services, dependencies"], ["g c · g f", "certificates, findings"],
  ["g m · g i · g t · g e", "map, isolate, timeline, egress"],
  ["↑ ↓ Enter", "in a table: choose a row, open it"],
];

export function Help({ close }: { close: () => void }): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => { dialog.current?.showModal(); }, []);
  const who = identity.value;
  return <dialog ref={dialog} onClose={close} aria-labelledby="help-title" onClick={(event) => { if (event.target === dialog.current) dialog.current?.close(); }}>
    <div class="head"><h1 id="help-title">Search and keys</h1>
      <div class="actions"><button type="button" onClick={() => dialog.current?.close()}>Close</button></div></div>
    <div class="keys">{SEARCHES.map(([text, about]) => <><code key={text}>{text}</code><span>{about}</span></>)}</div>
    <hr />
    <div class="keys">{KEYS.map(([key, about]) => <><span key={key}><kbd>{key}</kbd></span><span>{about}</span></>)}</div>
    <hr />
    <p class="small soft">
      All times are UTC; point at one for your own. The filter language and every question stand in the <a href="/api/v1/docs" target="_blank">description of the API</a>.
      {who !== null && who !== undefined && <> You are {who.name} ({who.role}).</>} tapmap {status.value?.version}.
    </p>
  </dialog>;
}

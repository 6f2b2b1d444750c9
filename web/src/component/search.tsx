// The one box: whatever somebody has in hand goes in here.
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address as plain } from "../id";
import { go, href } from "../route";
import { meaning, offers, type Meaning } from "../search";
import { hosts } from "../state/names";

/** Where a meaning leads. */
export function leads(meant: Meaning): string | null {
  switch (meant.kind) {
    case "host": return href("host", meant.target);
    case "service": return href("service", meant.target);
    case "network": return href("network", meant.network);
    case "incident": return href("incident", meant.target);
    case "isolate": return href("isolate", "", { targets: meant.targets.join(" ") });
    case "spread": return href("spread", meant.target, { at: meant.at ?? "" });
    case "path": return href("path", "", { from: meant.from, to: meant.to });
    case "seen": return href("seen", meant.indicator);
    case "list": return href(meant.page, "", { q: meant.filter });
    case "page": return href(meant.page);
    case "nothing": return null;
  }
}

/** What a meaning is, in words. */
function says(meant: Meaning): string {
  switch (meant.kind) {
    case "host": return `Host ${meant.target}`;
    case "service": return `Service ${meant.target}`;
    case "network": return `Network ${meant.network}`;
    case "incident": return `Incident at ${meant.target}: what stops, what it can reach`;
    case "isolate": return `What breaks if ${meant.targets.join(", ")} is cut off`;
    case "spread": return `What ${meant.target} has reached`;
    case "path": return `How one gets from ${meant.from} to ${meant.to}`;
    case "seen": return `Who touched ${meant.indicator}`;
    case "list": return `${meant.page} with ${meant.filter}`;
    case "page": return `Page ${meant.page}`;
    case "nothing": return "";
  }
}

export function Search({ autofocus = false }: { autofocus?: boolean }): VNode {
  const [text, type] = useState("");
  const [chosen, choose] = useState(0);
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const meant = useMemo(() => meaning(text), [text]);
  const known = hosts.value;
  const found = useMemo(() => (/\s/.test(text.trim()) ? [] : offers(text, known.values())), [text, known]);

  const list = useMemo(() => {
    const options = found.map((offer) => ({
      to: href("host", offer.id), main: plain(offer.id), side: offer.label, about: offer.about,
    }));
    const own = leads(meant);
    const words = says(meant);
    if (own === null) return options;
    const itself = { to: own, main: words, side: "", about: "" };
    const named = { to: href("seen", text.trim()), main: `Who touched ${text.trim()}`, side: "", about: "name, user, certificate, JA4" };
    // A bare word means the host that is called so, where there is one; else who asked for it.
    if (meant.kind === "host" && found.length > 0) return [...options, named];
    return meant.kind === "host" && known.size > 0 && !/[@\d]/.test(text) ? [named, itself] : [itself, ...options];
  }, [found, meant, text, known]);

  useEffect(() => {
    if (autofocus) box.current?.focus();
  }, [autofocus]);

  const leave = (to: string | undefined): void => {
    if (to === undefined) return;
    setOpen(false);
    type("");
    box.current?.blur();
    go(to);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      choose((chosen + (event.key === "ArrowDown" ? 1 : list.length - 1)) % Math.max(1, list.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      leave(list[chosen]?.to);
    } else if (event.key === "Escape") {
      setOpen(false);
      box.current?.blur();
    }
  };
  const shown = open && list.length > 0 && text.trim() !== "";
  return <div class="search" role="search">
    <input
      ref={box} type="text" class="search-box" value={text} placeholder="Address, name, service, certificate, network, user …"
      role="combobox" aria-label="Search" aria-expanded={shown} aria-controls="offers" aria-autocomplete="list"
      aria-activedescendant={shown ? `offer-${chosen}` : undefined} autocomplete="off" spellcheck={false} autocapitalize="off"
      onInput={(event) => { type(event.currentTarget.value); choose(0); setOpen(true); }}
      onFocus={() => { setOpen(true); }} onBlur={() => { window.setTimeout(() => { setOpen(false); }, 120); }} onKeyDown={key}
    />
    <kbd class="hint wide-only" aria-hidden="true">/</kbd>
    {shown && <div class="offers" id="offers" role="listbox" aria-label="What this may mean">
      {list.map((option, at) => <div
        key={option.to} id={`offer-${at}`} role="option" aria-selected={at === chosen}
        onMouseDown={(event) => { event.preventDefault(); leave(option.to); }} onMouseMove={() => { choose(at); }}>
        <span class={option.side === "" ? "" : "mono"}>{option.main}</span>
        <span>{option.side}</span><span class="about">{option.about}</span>
      </div>)}
    </div>}
  </div>;
}

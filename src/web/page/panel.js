// The panel beside the picture: what is chosen, in parts behind tabs. Owns the tabs.
import { html, useRef } from "./preact.js";
import { LinkFigures, NodeFigures } from "./details.js";
import { Files } from "./files.js";
import { Log } from "./log.js";
import { MomentFigures, MomentMessages } from "./moment.js";
import { Overview } from "./overview.js";
import { ReloadDetails } from "./receipt.js";
import { Recordings } from "./recordings.js";
import { Replay } from "./replay.js";
import { wireName } from "./scene.js";
import { Speak } from "./speak.js";
import { select, set, use } from "./store.js";
import { Tap } from "./tap.js";

const PARTS = {
  all: [["figures", "Nodes"], ["messages", "Messages"], ["log", "Log"], ["file", "File"], ["recordings", "Recordings"]],
  node: [["figures", "Figures"], ["messages", "Messages"], ["send", "Send"], ["log", "Log"], ["file", "File"]],
  wire: [["figures", "Figures"], ["messages", "Messages"], ["file", "File"]],
  reload: [["figures", "Receipt"]],
  past: [["figures", "Figures"], ["messages", "Messages"], ["replay", "Replay"], ["recordings", "Recordings"]],
};

export function Panel() {
  const selected = use((state) => state.selected);
  const tab = use((state) => state.tab);
  const isPast = use((state) => state.past != null);
  const kind = isPast ? "past" : selected?.node ? "node" : selected?.wire ? "wire" : selected?.reload ? "reload" : "all";
  const parts = PARTS[kind];
  const shown = parts.some(([key]) => key === tab) ? tab : parts[0][0];
  const title = selected?.node ?? (selected?.wire ? wireName(selected.wire) : selected?.reload && !isPast ? "Reload" : "All nodes");
  document.body.classList.toggle("editing", shown === "file");
  return html`
    <div class="title">
      <h2>${title}${isPast && html` <span class="quiet">then</span>`}</h2>
      ${selected && html`<button type="button" class="close" aria-label="Close: show all nodes" onClick=${() => select(null, "figures")}>×</button>`}
    </div>
    <${Tabs} parts=${parts} shown=${shown} />
    <div class="part ${shown}" role="tabpanel" id="part" aria-labelledby=${`tab-${shown}`} tabindex="0">
      <${Part} kind=${kind} shown=${shown} selected=${selected} />
    </div>`;
}

function Tabs({ parts, shown }) {
  const list = useRef();
  const onKey = (event) => {
    const at = parts.findIndex(([key]) => key === shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (to == null) return;
    event.preventDefault();
    const next = (to + parts.length) % parts.length;
    set({ tab: parts[next][0] });
    list.current.children[next].focus();
  };
  return html`<div class="tabs" role="tablist" aria-label="Parts" ref=${list} onKeyDown=${onKey}>
    ${parts.map(([key, word]) => html`<button type="button" role="tab" key=${key} id=${`tab-${key}`} aria-controls="part"
      aria-selected=${String(key === shown)} tabindex=${key === shown ? 0 : -1} onClick=${() => set({ tab: key })}>${word}</button>`)}
  </div>`;
}

function Part({ kind, shown, selected }) {
  if (shown === "recordings") return html`<${Recordings} />`;
  if (shown === "replay") return html`<${Replay} />`;
  if (kind === "past") return shown === "messages" ? html`<${MomentMessages} />` : html`<${MomentFigures} selected=${selected} />`;
  if (kind === "reload") return html`<${ReloadDetails} reload=${selected.reload} />`;
  if (shown === "file") return html`<${Files} node=${selected?.node ?? selected?.wire?.from} />`;
  if (shown === "messages") return html`<${Tap} key=${JSON.stringify(selected)} selected=${selected} />`;
  if (shown === "log") return html`<${Log} node=${selected?.node} />`;
  if (shown === "send") return html`<${Speak} key=${selected.node} node=${selected.node} />`;
  if (kind === "node") return html`<${NodeFigures} selected=${selected} />`;
  if (kind === "wire") return html`<${LinkFigures} wire=${selected.wire} />`;
  return html`<${Overview} />`;
}

// What a node, or the whole run, told. Shows events; a place in a file opens there.
import { html, useState } from "./preact.js";
import { copiesOf } from "./figures.js";
import { set, state, use } from "./store.js";
import { clock, count } from "./words.js";

const SHOWN = 200;

export function Log({ node }) {
  const events = use((state) => state.events);
  const [kind, setKind] = useState("all");
  const names = new Set([node, ...(node ? copiesOf(state.now, node).map(({ instance }) => instance) : [])]);
  const found = events.filter((event) =>
    (!node || names.has(event.node)) &&
    (kind === "all" || (kind === "trouble" ? ["warn", "error"].includes(event.level) : event.kind === "log")));
  return html`
    <label>Show <select value=${kind} onChange=${({ target }) => setKind(target.value)}>
      <option value="all">all that happens</option><option value="trouble">warnings and errors</option><option value="log">what handlers print</option></select></label>
    ${!found.length && html`<p class="none">Nothing yet.</p>`}
    <ol class="log" reversed>${found.slice(-SHOWN).reverse().map((event, at) => html`<${Line} key=${`${event.time} ${at}`} event=${event} isAll=${!node} />`)}</ol>`;
}

function Line({ event, isAll }) {
  const { time, level, node, socket, kind, message, repeated, details } = event;
  const fault = details?.fault;
  return html`<li class=${`${level} ${kind}`}>
    <time>${clock(time)}</time>
    ${(isAll || socket) && html`<span class="who">${isAll ? node : ""}${socket ? `.${socket}` : ""}</span>`}
    <span class="what">${kind === "handler-failed" ? "✖ " : ""}${message}${repeated > 0 ? ` (and ${count(repeated)} more like it)` : ""}</span>
    ${fault && html`<${Fault} fault=${fault} />`}
  </li>`;
}

function Fault({ fault }) {
  const { handler, message, file, line, column, calls = [] } = fault;
  return html`<dl class="fault">
    <div><dt>handler</dt><dd>${handler}</dd></div>
    <div><dt>message</dt><dd>${message}</dd></div>
    ${file && html`<div><dt>place</dt><dd><${Place} file=${file} line=${line} column=${column} /></dd></div>`}
    ${calls.length > 0 && html`<div><dt>calls</dt><dd>${calls.map((call, at) => html`<span key=${at}>${call.function ?? call.name ?? ""} ${call.file && html`<${Place} file=${call.file} line=${call.line} column=${call.column} />`} </span>`)}</dd></div>`}
  </dl>`;
}

/** A place in a file that the editor goes to. */
export function Place({ file, line, column }) {
  const open = () => set({ selected: null, tab: "file", place: { path: file, line, column: column ?? 1 } });
  return html`<button type="button" class="link" title=${file} onClick=${open}>${file.split("/").pop()}${line ? `:${line}` : ""}${column ? `:${column}` : ""}</button>`;
}

// All nodes in a table: the picture for who reads rather than looks. Owns its order.
import { html, useState } from "./preact.js";
import { doing } from "./figures.js";
import { select, toggle, use } from "./store.js";
import { count, rate } from "./words.js";

/** `s2` before `s10`. */
const NAMES = new Intl.Collator("en", { numeric: true });
const COLUMNS = [
  ["node", "node", (row) => row.name],
  ["in", "in/s", (row) => row.done.in],
  ["out", "out/s", (row) => row.done.out],
  ["queue", "queue", (row) => row.fill],
  ["dropped", "dropped", (row) => row.done.dropped],
  ["failed", "failed", (row) => row.done.failed],
];

export function Overview() {
  const now = use((state) => state.now);
  const before = use((state) => state.before);
  const open = use((state) => state.open);
  const copies = use((state) => state.copies);
  const [order, setOrder] = useState({ key: "node", isDown: false });
  const [wanted, setWanted] = useState("");
  if (!now) return html`<p class="none">Waiting for the first figures.</p>`;
  const value = COLUMNS.find(([key]) => key === order.key)[2];
  const rows = [...now.nodes.keys()]
    .filter((name) => name.includes(wanted.trim()))
    .map((name) => {
      const done = doing(now, before, name);
      return { name, done, fill: Math.max(0, ...[...done.sockets.values()].map(({ fill }) => fill)) };
    });
  const byName = (a, b) => NAMES.compare(a.name, b.name);
  const compare = order.key === "node" ? byName : (a, b) => value(a) - value(b) || -byName(a, b);
  rows.sort((a, b) => compare(a, b) * (order.isDown ? -1 : 1));
  const sort = (key) => setOrder({ key, isDown: order.key === key ? !order.isDown : key !== "node" });
  return html`
    <div class="opened">${[...[...open].map((name) => [name, "open"]), ...[...copies].map((name) => [name, "copies"])].map(([name, key]) =>
      html`<button type="button" key=${key + name} onClick=${() => toggle(name, key)}>Draw ${name} as one box</button>`)}</div>
    ${now.nodes.size > 12 && html`<label class="filter">Only names with <input type="search" value=${wanted} onInput=${({ target }) => setWanted(target.value)} /></label>`}
    <div class="wide"><table class="nodes"><thead><tr>${COLUMNS.map(([key, word]) => html`<th scope="col" key=${key}
      aria-sort=${order.key === key ? (order.isDown ? "descending" : "ascending") : "none"}><button type="button" onClick=${() => sort(key)}>${word}</button></th>`)}</tr></thead>
    <tbody>${rows.slice(0, 300).map((row) => html`<${Row} key=${row.name} row=${row} />`)}</tbody></table></div>
    ${rows.length > 300 && html`<p class="quiet">${rows.length - 300} more; a part of the name shows fewer.</p>`}`;
}

function Row({ row: { name, done, fill } }) {
  const strange = done.statuses.filter((status) => status !== "running");
  return html`<tr>
    <th scope="row"><button type="button" class="link" onClick=${() => select({ node: name }, "figures")}>${name}</button>
      ${done.copies > 1 && html` <span class="quiet">× ${done.copies}</span>`}${strange.map((status) => html` <span class="badge ${status}">${status}</span>`)}</th>
    <td>${rate(done.in)}</td><td>${rate(done.out)}</td>
    <td class=${fill >= 0.9 ? "alarm" : fill >= 0.5 ? "warn" : ""}>${Math.round(fill * 100)} %</td>
    <td class=${done.dropped ? "alarm" : ""}>${count(done.dropped)}</td><td class=${done.failed ? "alarm" : ""}>${count(done.failed)}</td></tr>`;
}

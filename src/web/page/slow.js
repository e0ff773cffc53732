// Slow motion: the run is held, and one node at a time does one thing. Owns the switches of it.
import { post } from "./api.js";
import { html, useState } from "./preact.js";
import { select, use } from "./store.js";
import { summary } from "./summary.js";
import { several, short, shown } from "./words.js";

export function Slow() {
  const isHolding = use((state) => Boolean(state.run?.holding));
  const nodes = use((state) => state.now);
  const selected = use((state) => state.selected);
  const stepped = use((state) => state.stepped);
  const [failed, setFailed] = useState("");
  const ask = async (what, body) => {
    try {
      await post(`/api/${what}`, body);
      setFailed("");
    } catch (error) {
      setFailed(error.message);
    }
  };
  const said = failed ? html`<span class="alarm" role="status">${failed}</span>` : null;
  if (!isHolding) return html`<button type="button" title="Slow motion: no node takes anything until it is told to" onClick=${() => ask("hold")}>Hold</button>${said}`;
  const names = [...(nodes?.instances.keys() ?? [])];
  const chosen = names.find((name) => name === selected?.node) ?? names.find((name) => name.startsWith(`${selected?.node}.`)) ?? "";
  return html`<span class="slow" role="group" aria-label="Slow motion">
    <strong>Held.</strong>
    <select aria-label="Node to step" value=${chosen} onChange=${({ target }) => select(target.value ? { node: target.value } : null)}>
      <option value="">choose a node</option>${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select>
    <button type="button" disabled=${!chosen} onClick=${() => ask("step", { node: chosen })}>Step</button>
    <button type="button" class="main" onClick=${() => ask("release")}>Let go</button>
    ${said ?? (stepped && html`<span role="status">${words(stepped)}</span>`)}</span>`;
}

/** What a node took, and what it sent. */
function words({ node, took, why, sent = [], more = 0, waiting = 0 }) {
  if (!took) return `${node} took nothing${why ? `: ${why}` : ""}.`;
  const [[what, value]] = Object.entries(took);
  const taken = {
    message: () => `a message on ${value.socket}: ${short(summary(value), 60)}`,
    peer: () => `news of a peer: ${value}`,
    tick: () => "a tick",
    timer: () => `the timer ${value}`,
    idle: () => "that nothing came",
    line: () => `a line: ${short(shown(value), 60)}`,
    end: () => "the end of its source",
  }[what];
  const gone = sent.length
    ? `, and sent ${several(sent.length + more, "message")}: ${sent.slice(0, 2).map((one) => `${one.socket} ${short(summary(one), 40)}`).join("; ")}`
    : ", and sent nothing";
  return `${node} took ${taken ? taken() : what}${gone}${waiting ? `; ${several(waiting, "thing")} still wait` : ""}.`;
}

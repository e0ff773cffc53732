// What became of a reload, node by node. Shows a receipt or a plan; decides nothing.
import { html } from "./preact.js";
import { changeWords, fateOf } from "./plan.js";
import { set, use } from "./store.js";
import { clock, several } from "./words.js";

const VERDICTS = {
  applied: ["Applied", "good"],
  rejected: ["Rejected: the running version stays", "alarm"],
  "rolled-back": ["Rolled back: the running version stays", "alarm"],
};

export function ReloadDetails({ reload }) {
  const generation = use((state) => state.generation);
  const run = use((state) => state.run);
  const { receipt, time } = reload;
  return html`
    <p class="quiet">${clock(time)}, generation ${receipt.generation}, after ${receipt.milliseconds.toFixed(1)} ms</p>
    <div class="do">
      ${receipt.verdict === "applied" && html`<${Then} words="The picture before it" generation=${receipt.generation - 1} />
        ${receipt.generation !== run?.generation && html`<${Then} words="The picture after it" generation=${receipt.generation} />`}`}
      ${generation != null && html`<button type="button" onClick=${() => set({ generation: null })}>The picture of now</button>`}
    </div>
    <${Receipt} receipt=${receipt} />`;
}

function Then({ words, generation }) {
  const shown = use((state) => state.generation);
  return html`<button type="button" aria-pressed=${String(shown === generation)} onClick=${() => set({ generation })}>${words}</button>`;
}

export function Receipt({ receipt }) {
  const [words, look] = VERDICTS[receipt.verdict] ?? [receipt.verdict, "note"];
  const { held = [], notes = [], errors = [], stashed, dropped, retry_seconds: retry } = receipt;
  return html`<div class="receipt">
    <p class=${look}><strong>${words}.</strong></p>
    ${errors.map((error) => html`<pre class="alarm" key=${error}>${error}</pre>`)}
    ${retry != null && html`<p class="warn">It is tried again after ${several(retry, "second")}.</p>`}
    ${receipt.verdict !== "rejected" && !receipt.nodes.length && html`<p>No node is another one.</p>`}
    <${Fates} nodes=${receipt.nodes} />
    ${held.length > 0 && html`<p>Held meanwhile: ${held.join(", ")}.</p>`}
    ${stashed > 0 && html`<p>${several(stashed, "message")} waited and ${stashed === 1 ? "was" : "were"} handled after the change.</p>`}
    ${dropped > 0 && html`<p class="alarm">${several(dropped, "message")} dropped.</p>`}
    ${notes.map((note) => html`<p class="warn" key=${note}>${note}</p>`)}
  </div>`;
}

/** The nodes of a plan or a receipt with what happens to each. */
export function Fates({ nodes }) {
  const changed = nodes.filter(({ sign }) => sign !== "=");
  const same = nodes.length - changed.length;
  return html`<ul class="fates">${changed.map((node) => {
    const { look, word } = fateOf(node);
    return html`<li key=${node.node}><p><span class=${`fate plan-${look}`}>${word}</span> <strong>${node.node}</strong></p>
      ${node.changes?.length > 0 && html`<ul>${node.changes.map((change, at) => {
        const { what, how, why } = changeWords(change);
        return html`<li key=${at}><code>${what}</code> <span class="quiet">${how}: ${why}</span></li>`;
      })}</ul>`}</li>`;
  })}</ul>
  ${same > 0 && html`<p class="quiet">${several(same, "node")} ${same === 1 ? "stays" : "stay"} as ${same === 1 ? "it is" : "they are"}.</p>`}`;
}

// The foot of the page: the reloads in their order, each of which opens its receipt, or the line of time of a recording.
import { LineOfTime } from "./line.js";
import { html } from "./preact.js";
import { select, use } from "./store.js";
import { clock } from "./words.js";

const SIGNS = { applied: "✓", rejected: "✖", "rolled-back": "↶" };

export function Timeline() {
  const isPast = use((state) => state.past != null);
  return isPast ? html`<${LineOfTime} />` : html`<${Reloads} />`;
}

function Reloads() {
  const reloads = use((state) => state.reloads);
  const selected = use((state) => state.selected);
  if (!reloads.length) return html`<p class="quiet">No reload yet. Each save of the file or a script will show here, with its receipt.</p>`;
  return html`<h2 class="unseen">Reloads</h2><ol class="reloads">${reloads.map((reload) => {
    const { receipt, time } = reload;
    const changed = receipt.nodes.map(({ sign, node }) => `${sign}${node}`);
    const few = changed.length > 3 ? `${changed.slice(0, 3).join(" ")} and ${changed.length - 3} more` : changed.join(" ");
    return html`<li key=${`${time} ${receipt.generation}`}><button type="button" class=${receipt.verdict} aria-pressed=${String(selected?.reload === reload)}
      onClick=${() => select({ reload }, "figures")}><span aria-hidden="true">${SIGNS[receipt.verdict]} </span><time>${clock(time)}</time> ${receipt.verdict.replace("-", " ")}${receipt.verdict === "applied" ? `, generation ${receipt.generation}` : ""}
      ${few && html`<span class="quiet"> ${few}</span>`}</button></li>`;
  })}</ol>`;
}

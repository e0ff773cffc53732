// The head of the page: who runs, how it is, and the switches. Owns no figures.
import { html, useState } from "./preact.js";
import { Replaying } from "./replay.js";
import { set, select, use } from "./store.js";
import { Slow } from "./slow.js";
import { setTheme, theme } from "./theme.js";
import { several } from "./words.js";

const STATES = {
  connecting: ["Connecting", "note"],
  live: ["Running", "good"],
  lost: ["The server does not answer; waiting for it", "warn"],
  gone: ["The run is over; waiting for the next one", "warn"],
};

export function Head() {
  const run = use((state) => state.run);
  const connection = use((state) => state.connection);
  const missed = use((state) => state.missed);
  const [words, look] = STATES[connection];
  return html`
    <h1>${run?.name ?? "zrig"}</h1>
    <p class="state ${look}"><span class="lamp" aria-hidden="true"></span>${words}</p>
    ${run && html`<p class="which" title=${run.file}>generation ${run.generation}<span class="file"> of ${run.file?.split("/").pop()}</span></p>`}
    ${missed > 0 && html`<p class="which warn">${several(missed, "sample")} missed: this page was slow</p>`}
    <div class="switches">
      <${Replaying} />
      ${connection === "live" && html`<${Slow} />`}
      <button type="button" onClick=${() => select(null, "figures")}>All nodes</button>
      <button type="button" onClick=${() => set({ selected: null, tab: "recordings" })}>Recordings</button>
      <button type="button" onClick=${() => set({ past: null, selected: null, tab: "file" })}>${run?.edit ? "Edit" : "File"}</button>
      <${Theme} />
    </div>`;
}

function Theme() {
  const [chosen, setChosen] = useState(theme());
  const choose = ({ target }) => {
    setTheme(target.value);
    setChosen(target.value);
  };
  return html`<label class="theme"><span class="unseen">Colours</span>
    <select value=${chosen} onChange=${choose}>
      <option value="system">Auto</option><option value="light">Light</option><option value="dark">Dark</option>
    </select></label>`;
}

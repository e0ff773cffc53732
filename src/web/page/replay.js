// Replays the recording that is looked at into the run. Owns the form, and how it is told how far it is.
import { post } from "./api.js";
import { html, useState } from "./preact.js";
import { use } from "./store.js";
import { count, duration, moment, several } from "./words.js";

const SPEEDS = [["1", "as fast as it was"], ["10", "ten times as fast"], ["max", "as fast as the nodes take it"]];

export function Replay() {
  const past = use((state) => state.past);
  const replay = use((state) => state.replay);
  const run = use((state) => state.run);
  const [speed, setSpeed] = useState("1");
  const [isFromHere, setFromHere] = useState(false);
  const [failed, setFailed] = useState("");
  const isRunning = replay?.outcome === "running";
  const begin = async (event) => {
    event.preventDefault();
    try {
      setFailed("");
      await post("/api/replay", { name: past.name, speed, from: isFromHere ? past.at : 0 });
    } catch (refused) {
      setFailed(refused.message);
    }
  };
  return html`
    <p>What came from outside is given to the nodes of <strong>${run?.name}</strong> again, by peers that are played. What nodes of the file sent they send themselves.</p>
    <form class="replay" onSubmit=${begin}>
      <label>How fast <select value=${speed} onChange=${({ target }) => setSpeed(target.value)}>
        ${SPEEDS.map(([value, word]) => html`<option key=${value} value=${value}>${word}</option>`)}</select></label>
      <label>Which part <select value=${isFromHere ? "here" : "all"} onChange=${({ target }) => setFromHere(target.value === "here")}>
        <option value="all">all of it</option><option value="here">from ${past.info.line ? moment(past.info.begun + past.at) : "here"} on</option></select></label>
      <button type="submit" class="main" disabled=${!run?.edit || isRunning || !past.info.line}>Replay into this run</button>
    </form>
    ${!run?.edit && html`<p class="warn">This page may not change the run: start it with <code>--edit</code> to replay.</p>`}
    ${failed && html`<p class="alarm" role="alert">${failed}</p>`}
    ${replay && html`<${Result} replay=${replay} />`}`;
}

function Result({ replay }) {
  const { name, speed, from, at, seconds, given, inside, refused, outcome, text } = replay;
  const isRunning = outcome === "running";
  const look = { failed: "alarm", done: refused.length ? "warn" : "good" }[outcome] ?? "";
  return html`<div class="replayed">
    <h3>${isRunning ? "Replaying" : { done: "Replayed", stopped: "Stopped", failed: "The replay failed" }[outcome]} ${name}</h3>
    ${isRunning
      ? html`<progress aria-label=${`Replay of ${name}`} max=${Math.max(seconds - from, 0.001)} value=${at - from}></progress>
        <p>${count(given)} given${inside ? `, ${count(inside)} come from nodes of the file` : ""}; ${duration(at)} of ${duration(seconds)}, ${SPEEDS.find(([value]) => value === speed)?.[1] ?? `${speed} times as fast`}</p>
        <${StopReplay} />`
      : html`<p class=${look} role="status">${text}</p>`}
    ${refused.length > 0 && html`<ul class="refused">${refused.map(({ why, count: number }) => html`<li key=${why} class="warn">${count(number)} not given: ${why}</li>`)}</ul>`}
  </div>`;
}

/** Ends what is replayed; nothing more is given. */
export function StopReplay() {
  const [failed, setFailed] = useState("");
  const stop = async () => {
    try {
      await post("/api/replay/stop");
    } catch (refused) {
      setFailed(refused.message);
    }
  };
  return html`<button type="button" onClick=${stop}>Stop the replay</button>${failed && html`<span class="alarm" role="alert">${failed}</span>`}`;
}

/** A line for the head while something is replayed, whatever is looked at. */
export function Replaying() {
  const replay = use((state) => state.replay);
  const isShown = use((state) => state.past != null && state.tab === "replay");
  const edit = use((state) => state.run?.edit);
  if (replay?.outcome !== "running" || isShown) return null;
  return html`<span class="slow" role="group" aria-label="Replay"><span>Replaying ${replay.name}: ${several(replay.given, "message")} given</span>${edit && html`<${StopReplay} />`}</span>`;
}

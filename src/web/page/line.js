// The line of time of a recording: how much passed when, what is worth going to, and where one is. Owns the moves on it.
import { backToNow, goTo, openPast } from "./past.js";
import { html, useState } from "./preact.js";
import { use } from "./store.js";
import { count, duration, moment, several, short } from "./words.js";

const HEIGHT = 40;
const KINDS = { reload: "reload", drop: "dropped", failure: "failure", gap: "missing" };

export function LineOfTime() {
  const { name, info, at, failed } = use((state) => state.past);
  const [refused, setRefused] = useState("");
  const { line, seconds, begun, unread, writing, missing } = info;
  const again = async () => {
    try {
      setRefused("");
      await openPast(name, at);
    } catch (error) {
      setRefused(error.message);
    }
  };
  const marks = line?.marks ?? [];
  // What is at the same moment is where one is already.
  const before = marks.findLast((mark) => mark.at < at - 1e-4);
  const after = marks.find((mark) => mark.at > at + 1e-4);
  const notes = [
    failed || refused ? html`<span class="alarm" role="alert">${failed || refused}</span>` : "",
    !writing && unread != null ? `It has no end${unread ? `, and ${count(unread)} bytes of it are not read` : ""}.` : "",
    missing ? `${several(missing, "message")} missing.` : "",
    line && !line.exact ? "Large: the bars show how much passed by its index." : "",
    line?.marked_until != null ? `Marks stand up to ${moment(begun + line.marked_until)}: what comes later is too much to be looked through.` : "",
  ].filter(Boolean);
  return html`<h2 class="unseen">Line of time</h2>
    <div class="time-line">
      <div class="line-head">
        <strong>${name}</strong>
        ${line && html`<span><time>${moment(begun + at)}</time> <span class="quiet">${duration(at)} of ${duration(seconds)}</span></span>
          <span class="moves" role="group" aria-label="Marks">
            <button type="button" aria-label="The mark before" disabled=${!before} onClick=${() => goTo(before.at)}>◂</button>
            <select aria-label="Go to a mark" disabled=${!marks.length} value="" onChange=${({ target }) => goTo(marks[target.value].at)}>
              <option value="">${marks.length ? several(marks.length, "mark") : "no marks"}</option>
              ${marks.map((mark, index) => html`<option key=${index} value=${index}>${moment(begun + mark.at)} ${words(mark)}</option>`)}</select>
            <button type="button" aria-label="The next mark" disabled=${!after} onClick=${() => goTo(after.at)}>▸</button>
          </span>`}
        ${writing && html`<button type="button" aria-label="Show what has come since" onClick=${again}>Refresh</button>`}
        <button type="button" class="main" onClick=${() => backToNow("recordings")}>Back to now</button>
      </div>
      ${line ? html`<${Bars} info=${info} at=${at} />` : html`<p class="none">Nothing is in this recording${unread ? " that can be read" : ""}.</p>`}
      ${notes.length > 0 && html`<p class="quiet notes">${notes.map((note, index) => html`<span key=${index}>${note}</span>`)}</p>`}
    </div>`;
}

function Bars({ info, at }) {
  const { line, seconds, begun } = info;
  const { columns, step, marks } = line;
  const most = Math.max(...columns, 1);
  const shape = columns.map((messages, column) => {
    // The root, so that little beside much is seen.
    const high = messages && Math.max(2, HEIGHT * Math.sqrt(messages / most));
    return high ? `M${column} ${HEIGHT}V${(HEIGHT - high).toFixed(1)}h1V${HEIGHT}z` : "";
  }).join("");
  const here = Math.min(at / step, columns.length);
  const column = Math.min(Math.floor(here), columns.length - 1);
  return html`<div class="bars">
    <svg viewBox="0 0 ${columns.length} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      <path class="density" d=${shape} />
      ${marks.map((mark, index) => html`<path key=${index} class=${`mark ${mark.kind}`} d=${`M${(mark.at / step).toFixed(2)} 0V${HEIGHT}`} />`)}
      <path class="here" d=${`M${here.toFixed(2)} 0V${HEIGHT}`} />
    </svg>
    <input type="range" aria-label="Time in the recording" min="0" max=${columns.length} step="1" value=${Math.round(here)}
      aria-valuetext=${`${moment(begun + at)}, ${duration(at)} of ${duration(seconds)}, about ${several(columns[column], "message")} in ${duration(step)}`}
      onInput=${({ target }) => goTo(Number(target.value) * step)} />
    <p class="legend" aria-hidden="true"><span>${moment(begun)}</span>
      ${Object.entries(KINDS).filter(([kind]) => marks.some((mark) => mark.kind === kind)).map(([kind, word]) => html`<span class=${kind} key=${kind}>${word}</span>`)}
      <span>${moment(begun + seconds)}</span></p>
  </div>`;
}

/** A mark in words: `reload applied`, `station: 12 dropped`. */
function words({ kind, count: number, node, text }) {
  if (kind === "gap") return `${several(number, "message")} missing${text ? `: ${node} ${text}` : ""}`;
  const more = number > 1 ? ` (${count(number)} in all)` : "";
  return short(`${node ? `${node}: ` : ""}${text || KINDS[kind]}${more}`, 90);
}

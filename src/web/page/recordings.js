// The recordings that there are. Lists them; which one is looked at `past` says.
import { get } from "./api.js";
import { openPast } from "./past.js";
import { html, useEffect, useState } from "./preact.js";
import { set, use } from "./store.js";
import { bytes, dated, duration, several } from "./words.js";

/** How often it is seen what has come, in milliseconds. */
const AGAIN = 5000;

export function Recordings() {
  const [found, setFound] = useState(null);
  const [failed, setFailed] = useState("");
  const shown = use((state) => state.past?.name);
  useEffect(() => {
    let timer = null;
    let isOver = false;
    const look = async () => {
      try {
        const told = await get("/api/recordings");
        if (!isOver) setFound(told);
      } catch (refused) {
        if (!isOver) setFailed(refused.message);
      }
      if (!isOver) timer = setTimeout(look, AGAIN);
    };
    look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  const open = async (name) => {
    try {
      setFailed("");
      await openPast(name);
      set({ selected: null, tab: "figures" });
    } catch (refused) {
      setFailed(`${name}: ${refused.message}`);
    }
  };
  if (!found) return failed ? html`<p class="alarm" role="alert">${failed}</p>` : html`<p class="none">Looking for recordings.</p>`;
  return html`
    ${failed && html`<p class="alarm" role="alert">${failed}</p>`}
    <p class="quiet">Recordings in <code>${found.folder}</code>, the newest first.</p>
    ${!found.recordings.length && html`<p class="none">There is none yet. <code>zrig run FILE --record NAME.mcap</code> and <code>zrig record RUN --to NAME.mcap</code> write one.</p>`}
    <ul class="recorded">${found.recordings.map((one) => html`<${Recording} key=${one.name} one=${one} isShown=${one.name === shown} open=${open} />`)}</ul>
    ${found.more > 0 && html`<p class="quiet">${several(found.more, "older file")} not shown.</p>`}`;
}

function Recording({ one, isShown, open }) {
  const { name, file, size, changed, begun, seconds, messages, missing, unread, generations, writing, error } = one;
  const parts = error ? [bytes(size)] : [
    begun ? `${dated(begun)}, ${duration(seconds)}` : `${dated(changed)}, nothing passed`,
    messages ? `${several(messages, "message")}, ${bytes(one.bytes)} of them` : "", `${bytes(size)} on the disk`,
    `${generations > 1 ? `${several(generations, "version")} ` : ""}${file ? `of ${file.split("/").pop()}` : ""}`,
  ];
  return html`<li>
    <button type="button" class="link" aria-pressed=${String(isShown)} disabled=${Boolean(error)} onClick=${() => open(name)}>${name}</button>
    ${writing && html` <span class="badge">being written</span>`}
    ${!writing && unread != null && html` <span class="badge warning">no end</span>`}
    <p class="quiet">${parts.filter(Boolean).join(", ")}</p>
    ${missing > 0 && html`<p class="warn">${several(missing, "message")} missing: the recording was too slow</p>`}
    ${!writing && unread != null && html`<p class="warn">It was broken off, or somebody writes it yet${unread ? `; ${bytes(unread)} at its end are not read here` : ""}.</p>`}
    ${error && html`<p class="alarm">It cannot be shown: ${error}.</p>`}
  </li>`;
}

// Messages as they pass, decoded, with a filter, frame by frame. Owns the tap while it is shown.
import { follow } from "./api.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { state } from "./store.js";
import { copiesOf } from "./figures.js";
import { summary } from "./summary.js";
import { bytes, count, moment, several, short, shown } from "./words.js";

const KEPT = 200;
/** How often the list is drawn anew at most. */
const PACE = 200;

/** What each kind of frame is there for. */
const LESSONS = {
  "routing id": "Whom it came from or goes to. A router puts it in front of what it receives, and takes it off what it sends.",
  delimiter: "An empty frame: here the envelope ends and the content begins.",
  payload: "What is sent.",
};

export function Tap({ selected }) {
  const [target, setTarget] = useState(() => targets(selected)[0] ?? "");
  const [direction, setDirection] = useState("");
  const [filter, setFilter] = useState("");
  const [wanted, setWanted] = useState({ target: targets(selected)[0] ?? "", direction: "", filter: "" });
  const [isHeld, setHeld] = useState(false);
  const tap = useTap(wanted, isHeld);
  const ask = (change) => setWanted({ target, direction, filter, ...change });
  const choices = targets(selected);
  return html`
    <form class="ask" onSubmit=${(event) => { event.preventDefault(); ask({}); }}>
      <label>Where <select value=${target} onChange=${({ target: { value } }) => { setTarget(value); ask({ target: value }); }}>
        ${choices.map((one) => html`<option key=${one} value=${one}>${one || "every node"}</option>`)}</select></label>
      <label>Way <select value=${direction} onChange=${({ target: { value } }) => { setDirection(value); ask({ direction: value }); }}>
        <option value="">both ways</option><option value="in">received</option><option value="out">sent</option></select></label>
      <label class="long">Only those of which this is true
        <input value=${filter} placeholder="msg.msgid == 1000" spellcheck=${false} autocapitalize="off" onInput=${({ target: { value } }) => setFilter(value)} /></label>
      <button type="submit">Filter</button>
      <button type="button" aria-pressed=${String(isHeld)} onClick=${() => setHeld(!isHeld)}>${isHeld ? "Go on" : "Pause the list"}</button>
    </form>
    ${tap.failed && html`<p class="alarm" role="alert">${tap.failed}</p>`}
    ${tap.unfiltered && html`<p class="warn">The filter failed for ${several(tap.unfiltered.count, "message")}: ${tap.unfiltered.error}</p>`}
    ${tap.note && html`<p class="quiet">${tap.note}</p>`}
    <p class="quiet">${tap.tapping ? `Looking at ${tap.tapping.length > 4 ? several(tap.tapping.length, "copy").replace("copys", "copies") : tap.tapping.join(", ")}. ` : ""}${count(tap.seen)} seen${tap.dropped ? `, ${count(tap.dropped)} passed unseen` : ""}.</p>
    ${!tap.messages.length && !tap.failed && html`<p class="none">Nothing has passed yet.</p>`}
    <ol class="messages" reversed>${tap.messages.map((message) => html`<${Message} key=${message.number} message=${message} />`)}</ol>`;
}

/** What can be tapped here: every node; or a node and its sockets; or the ends of a link. */
function targets(selected) {
  if (selected?.wire) {
    const { from, fromSocket, to, toSocket, members } = selected.wire;
    return [[to, toSocket], [from, fromSocket]].filter(([name]) => name).flatMap(([name, socket]) =>
      (members?.[name] ?? [name]).map((one) => `${one}.${socket}`));
  }
  if (!selected?.node) return [""];
  const copies = copiesOf(state.now, selected.node, selected.members);
  if (selected.members) return copies.map((copy) => copy.instance);
  const sockets = copies[0]?.sockets.map(({ name }) => `${selected.node}.${name}`) ?? [];
  return [selected.node, ...(sockets.length > 1 ? sockets : [])];
}

function useTap({ target, direction, filter }, isHeld) {
  const empty = { messages: [], seen: 0, dropped: 0, tapping: null, failed: null, note: null, unfiltered: null };
  const [found, setFound] = useState(empty);
  const held = useRef(isHeld);
  held.current = isHeld;
  useEffect(() => {
    let now = empty;
    let timer = null;
    const draw = (change) => {
      now = { ...now, ...change };
      timer ??= setTimeout(() => {
        timer = null;
        setFound(now);
      }, PACE);
    };
    const query = Object.entries({ target, direction, filter: filter.trim() }).filter(([, value]) => value);
    const end = follow(`/api/tap?${new URLSearchParams(query)}`, {
      tapping: (tapping) => draw({ tapping, failed: null }),
      message: (message) => {
        const seen = now.seen + 1;
        if (held.current) return draw({ seen });
        draw({ seen, messages: [{ ...message, number: seen }, ...now.messages.slice(0, KEPT - 1)] });
      },
      dropped: (number) => draw({ dropped: now.dropped + number }),
      unfiltered: (unfiltered) => draw({ unfiltered }),
      note: (note) => draw({ note }),
      failed: ({ error }) => {
        end();
        draw({ failed: error });
      },
    }, (isClosed) => draw({ note: isClosed ? "The tap has ended." : "Waiting for the run." }));
    setFound(empty);
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [target, direction, filter]);
  return found;
}

/** A message that passed, which opens to its frames. */
export function Message({ message }) {
  const [isOpen, setOpen] = useState(false);
  const { time, direction, node, socket, malformed } = message;
  return html`<li class=${`message ${malformed ? "malformed" : ""}`}>
    <button type="button" class="row" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)}>
      <time>${moment(time)}</time>
      <span class=${`way ${direction}`} title=${direction === "in" ? "received" : "sent"}>${direction === "in" ? "→" : "←"}<span class="unseen">${direction === "in" ? "received" : "sent"}</span></span>
      <span class="who">${node}.${socket}</span>
      <span class="what">${short(summary(message))}</span>
    </button>
    ${isOpen && html`<${Frames} message=${message} />`}
  </li>`;
}

function Frames({ message }) {
  const { wire, bytes: size, peer, msgid, msgtype, topic, sequence, cut } = message;
  const parts = [
    ["peer", peer], ["message id", msgid], ["message type", msgtype], ["topic", topic !== undefined && shown(topic)], ["sequence", sequence],
  ].filter(([, value]) => value != null && value !== false);
  const frames = wire ?? [];
  const envelope = frames.findLastIndex(({ kind }) => kind !== "payload");
  return html`<div class="frames">
    ${parts.length > 0 && html`<dl>${parts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
    <ol>${frames.map((frame, at) => html`<li class=${`frame ${frame.kind.replace(" ", "-")}`} key=${at}>
      <p class="kind"><b>${at <= envelope ? "envelope" : "content"}</b> ${frame.kind}<span class="quiet"> ${bytes(frame.bytes)}</span></p>
      <pre>${frame.bytes === 0 ? "(empty)" : shown(frame.frame)}</pre>
      <p class="lesson">${LESSONS[frame.kind]}${frame.local ? " libzmq puts it there at this end alone; it is not on the wire." : ""}</p></li>`)}</ol>
    <p class="quiet">${several(frames.length, "frame")}, ${bytes(size)} in all${cut ? "; more of it is there than is shown" : ""}. They travel and arrive as one message, or not at all.</p>
  </div>`;
}

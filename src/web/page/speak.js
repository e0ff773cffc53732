// Send and call from the page. Owns the form and what was answered.
import { post } from "./api.js";
import { html, useState } from "./preact.js";
import { copiesOf } from "./figures.js";
import { use } from "./store.js";
import { clock, shown } from "./words.js";

const ONLY_RECEIVES = new Set(["sub", "pull"]);
const ANSWERS = new Set(["rep", "router"]);
const NAMES_PEERS = new Set(["router", "stream"]);
const BOTH_WAYS = new Set(["pair", "dealer", "router", "rep", "req", "stream", "xpub", "xsub"]);

export function Speak({ node }) {
  const now = use((state) => state.now);
  const sockets = copiesOf(now, node)[0]?.sockets ?? [];
  const [name, setName] = useState(sockets[0]?.name ?? "");
  const [value, setValue] = useState("");
  const [isJson, setJson] = useState(false);
  const [tag, setTag] = useState("");
  const [to, setTo] = useState("");
  const [receive, setReceive] = useState(false);
  const [said, setSaid] = useState([]);
  const [isAsking, setAsking] = useState(false);
  const socket = sockets.find((one) => one.name === name) ?? sockets[0];
  if (!socket) return html`<p class="none">This node has no socket to send on.</p>`;

  const speak = async (how) => {
    const add = (line) => setSaid((lines) => [{ time: Date.now() / 1000, how, ...line }, ...lines].slice(0, 50));
    let offered;
    try {
      offered = isJson ? { json: JSON.parse(value) } : { text: value };
    } catch (error) {
      return add({ failed: `that is no JSON: ${error.message}` });
    }
    const target = sockets.length > 1 ? `${node}.${socket.name}` : node;
    const body = { target, value: offered, milliseconds: 5000 };
    if (tag.trim()) body.tag = tag.trim();
    if (how === "send" && to.trim()) body.to = to.trim();
    if (how === "send" && receive && !ONLY_RECEIVES.has(socket.role)) body.receive = true;
    setAsking(true);
    try {
      const { done, answer, failed } = await post(`/api/${how}`, body);
      add(failed ? { failed: failed.error } : answer ? { answer } : { done });
    } catch (refused) {
      add({ failed: refused.message });
    }
    setAsking(false);
  };
  const onlyReceives = ONLY_RECEIVES.has(socket.role);
  return html`
    <form class="speak" onSubmit=${(event) => { event.preventDefault(); speak(event.submitter?.value === "call" ? "call" : "send"); }}>
      ${sockets.length > 1 && html`<label>Socket <select value=${socket.name} onChange=${({ target }) => setName(target.value)}>
        ${sockets.map((one) => html`<option key=${one.name} value=${one.name}>${one.name} (${one.role})</option>`)}</select></label>`}
      <label class="long">Message <textarea rows="3" value=${value} spellcheck=${false} onInput=${({ target }) => setValue(target.value)}></textarea></label>
      <label><input type="checkbox" checked=${isJson} onChange=${({ target }) => setJson(target.checked)} /> It is JSON</label>
      <label>Message id or topic <input value=${tag} placeholder="the socket's own" onInput=${({ target }) => setTag(target.value)} /></label>
      ${NAMES_PEERS.has(socket.role) && html`<label>To the peer <input value=${to} placeholder="a routing id" onInput=${({ target }) => setTo(target.value)} /></label>`}
      ${BOTH_WAYS.has(socket.role) && html`<label><input type="checkbox" checked=${receive} onChange=${({ target }) => setReceive(target.checked)} /> The node takes it as received</label>`}
      <p class="quiet">${onlyReceives ? `A ${socket.role} only receives: the node takes the message as if it had come.` : `The node sends it on its ${socket.role}.`}</p>
      <div class="do">
        <button type="submit" value="send" class="main" disabled=${isAsking}>${onlyReceives ? "Let it receive" : "Send"}</button>
        ${ANSWERS.has(socket.role) && html`<button type="submit" value="call" disabled=${isAsking}>Call and wait for the answer</button>`}
      </div>
    </form>
    <ol class="said" aria-live="polite">${said.map((line) => html`<li key=${line.time} class=${line.failed ? "alarm" : ""}><time>${clock(line.time)}</time> ${
      line.failed ?? (line.answer ? html`answer: <code>${shown(line.answer.body ?? line.answer.frames ?? "")}</code>` : line.done)}</li>`)}</ol>`;
}

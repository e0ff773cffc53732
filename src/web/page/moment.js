// A moment of a recording in the panel: what passed around it, and the last messages there. Asks for nothing.
import { html } from "./preact.js";
import { doing } from "./figures.js";
import { select, use } from "./store.js";
import { Message } from "./tap.js";
import { samplesOf } from "./then.js";
import { bytes, count, duration, rate, several } from "./words.js";

export function MomentFigures({ selected }) {
  const past = use((state) => state.past);
  if (!past.moment) return html`<p class="none">${past.info.line ? "Reading." : "Nothing is in this recording."}</p>`;
  const { moment } = past;
  const [now, before] = samplesOf(moment);
  const chosen = names(selected);
  const rows = [...now.nodes.keys()].sort().filter((name) => !chosen || chosen.includes(name) || now.nodes.get(name).some(({ instance }) => chosen.includes(instance)));
  const sum = moment.sockets.reduce((all, { messages }) => all + messages, 0);
  return html`
    <p>In the ${moment.window >= 0.995 ? "second" : duration(moment.window)} before it ${several(sum, "message")} passed, both ways.</p>
    <div class="wide"><table class="moment"><thead><tr><th scope="col">socket</th><th scope="col">in/s</th><th scope="col">out/s</th><th scope="col">bytes/s</th></tr></thead>
      ${rows.map((name) => html`<${Rows} key=${name} name=${name} now=${now} before=${before} window=${moment.window} />`)}</table></div>
    ${!rows.length && html`<p class="none">It is not in this recording.</p>`}`;
}

function Rows({ name, now, before, window }) {
  const copies = now.nodes.get(name);
  const { sockets } = doing(now, before, name);
  const sum = (socket) => copies.flatMap((copy) => copy.sockets).filter((one) => one.name === socket)
    .reduce((all, one) => all + one.bytes_in + one.bytes_out, 0);
  return html`<tbody>${[...sockets.values()].map((socket) => html`<tr key=${socket.name}>
    <th scope="row"><button type="button" class="link" onClick=${() => select({ node: name })}>${name}.${socket.name}</button>${copies.length > 1 && html` <span class="quiet">× ${count(copies.length)}</span>`}</th>
    <td>${rate(socket.in)}</td><td>${rate(socket.out)}</td><td>${bytes(sum(socket.name) / window)}</td></tr>`)}</tbody>`;
}

export function MomentMessages() {
  const past = use((state) => state.past);
  if (!past.moment) return html`<p class="none">${past.info.line ? "Reading." : "Nothing is in this recording."}</p>`;
  const { messages } = past.moment;
  return html`
    <p class="quiet">${messages.length ? `The last ${several(messages.length, "message")} until then, the last one first.` : "Nothing had passed here yet."}</p>
    <ol class="messages" reversed>${messages.map((message, at) => html`<${Message} key=${`${past.name} ${message.time} ${at}`} message=${message} />`)}</ol>`;
}

function names(selected) {
  if (selected?.wire) {
    const { from, to, members } = selected.wire;
    return [from, to].filter(Boolean).flatMap((name) => members?.[name] ?? [name]);
  }
  return selected?.node ? (selected.members ?? [selected.node]) : null;
}

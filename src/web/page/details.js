// The figures of a node or a link. Shows what `figures` says.
import { html, useMemo } from "./preact.js";
import { Chart } from "./charts.js";
import { copiesOf, doing, droppedOf, flowing, handlersOf, pairs, series } from "./figures.js";
import { select, state, toggle, use } from "./store.js";
import { wireName } from "./scene.js";
import { bytes, count, duration, rate, several } from "./words.js";

const perSecond = (value) => `${rate(value)}/s`;

export function NodeFigures({ selected }) {
  const { node, members } = selected;
  const now = use((state) => state.now);
  const before = use((state) => state.before);
  const copies = copiesOf(now, node, members);
  if (!copies.length) return html`<p class="none">No node of that name runs.</p>`;
  const done = doing(now, before, node, members);
  return html`
    <${Folding} selected=${selected} of=${now.nodes.get(copies[0].node)} />
    <${Trouble} node=${node} done=${done} />
    <${Charts} node=${node} members=${members} now=${now} />
    <${Handlers} copies=${copies} now=${now} before=${before} />
    ${copies[0]?.program ? copies.map(({ instance, program: p }) => html`<p>${instance}: ${p.state}, pid ${p.pid ?? "–"}, ${several(p.restarts, "restart")}</p>`)
    : html`<${Sockets} sockets=${[...done.sockets.values()]} copies=${copies} />`}
    ${copies.length > 1 && html`<${Copies} copies=${copies} before=${before} now=${now} />`}
    <${Counts} copies=${copies} />
    <${Links} node=${node} members=${members} />`;
}

/** Draws a group of nodes, or a node with its copies, as one box or one by one. */
function Folding({ selected: { node, members }, of }) {
  const isUnfolded = use((state) => state.copies).has(of[0].node);
  if (!members && of.length < 2) return null;
  return html`<div class="opened"><button type="button" onClick=${() => (members ? toggle(node) : toggle(of[0].node, "copies"))}>${
    isUnfolded && !members ? "Draw all copies as one box" : "Draw them one by one"}</button></div>`;
}

function Trouble({ node, done }) {
  const said = [
    done.failed && html`<button type="button" class="alarm" onClick=${() => select({ node }, "log")}>${several(done.failed, "failure")} of handlers: show them</button>`,
    done.isBlocked && html`<p class="alarm">Blocked: a message waits for room in a socket.</p>`,
    done.waiting > 0 && html`<p class="warn">${several(done.waiting, "message")} handled and not gone yet: a socket is full, or a <code>busy</code> is not over.</p>`,
    done.busy >= 0.85 && html`<p class="warn">Its handler is at work ${Math.round(Math.min(done.busy, 1) * 100)} % of the time: what comes before it has to wait.</p>`,
  ].filter(Boolean);
  return said.length ? html`<div class="trouble">${said}</div>` : null;
}

function Charts({ node, members, now }) {
  const charts = useMemo(() => {
    const of = (pick) => series(state.samples, node, pick, members);
    const lines = (one) => one.filter(({ points }) => points.some(([, value]) => value));
    return [
      ["Messages", perSecond, [
        { name: "in", points: of((done) => done.in), look: "one" },
        { name: "out", points: of((done) => done.out), look: "two" },
      ]],
      ["Fullest queue", (value) => `${Math.round(value * 100)} %`, [
        { points: of((done) => Math.max(0, ...[...done.sockets.values()].map(({ fill }) => fill))), look: "one" },
      ]],
      ["Handlers at work", (value) => `${Math.round(Math.min(value, 1) * 100)} %`, [{ points: of((done) => done.busy), look: "one" }]],
      ["Dropped", perSecond, lines([{ points: of((done) => done.droppedNow), look: "bad" }])],
      ["Failed", perSecond, lines([{ points: of((done) => done.failedRate), look: "bad" }])],
    ];
  }, [now, node]);
  return html`<div class="charts">${charts
    .filter(([title, , lines], at) => at < 3 || lines.length)
    .map(([title, say, lines]) => html`<${Chart} key=${title} title=${title} say=${say} lines=${lines} />`)}</div>`;
}

function Handlers({ copies, now, before }) {
  const handlers = handlersOf(copies, now, before);
  if (!handlers.length) return null;
  const working = copies.filter(({ handler }) => handler?.rate);
  return html`<h3>Handlers</h3>
    <div class="wide"><table class="handlers">
      <thead><tr><th scope="col">handler</th><th scope="col">calls</th><th scope="col">a second</th><th scope="col">mean</th><th scope="col">share</th></tr></thead>
      <tbody>${handlers.map(({ name, calls, rate: often, mean, share }) => html`<tr key=${name}><th scope="row">${name}</th><td>${count(calls)}</td>
        <td>${rate(often)}</td><td>${duration(mean)}</td><td>${Math.round(share * 100)} %</td></tr>`)}</tbody>
    </table></div>
    ${working.length > 0 && (copies.length > 1 ? html`<${HandlersByCopy} copies=${working} />` : html`<p class="quiet">${atWork(working[0].handler)}</p>`)}`;
}

const atWork = ({ p99, busy }) => `At work ${Math.round(busy * 100)} % of the time${p99 ? `; 99 of 100 calls took at most ${duration(p99)}` : ""}.`;

function HandlersByCopy({ copies }) {
  return html`<div class="wide"><table>
      <thead><tr><th scope="col">of</th><th scope="col">calls</th><th scope="col">a second</th><th scope="col">mean</th><th scope="col">99 %</th><th scope="col">at work</th></tr></thead>
      <tbody>${copies.map(({ instance, handled: calls, handler }) => html`<tr key=${instance}><th scope="row">${instance}</th><td>${count(calls)}</td>
        <td>${rate(handler.rate)}</td><td>${duration(handler.mean)}</td><td>${handler.p99 ? `≤ ${duration(handler.p99)}` : "–"}</td>
        <td class=${handler.busy >= 0.85 ? "warn" : ""}>${Math.round(handler.busy * 100)} %</td></tr>`)}</tbody>
    </table></div>`;
}

function Sockets({ sockets, copies }) {
  if (!sockets.length) return null;
  return html`<h3>Sockets</h3><ul class="sockets">${sockets.map((socket) => {
    const all = copies.flatMap((copy) => copy.sockets.filter(({ name }) => name === socket.name));
    const reasons = {};
    for (const one of all) for (const [why, number] of Object.entries(one.dropped)) if (number) reasons[why] = (reasons[why] ?? 0) + number;
    const sum = (key) => all.reduce((total, one) => total + (one[key] ?? 0), 0);
    return html`<li key=${socket.name}>
      <p><strong>${socket.name}</strong> <span class="role">${socket.role}</span> ${perSecond(socket.in)} in, ${perSecond(socket.out)} out</p>
      <p class="quiet">${[
        several(socket.peers, "peer"),
        socket.subscriptions ? several(socket.subscriptions, "subscription") : "",
        `${bytes(sum("bytes_in"))} received, ${bytes(sum("bytes_out"))} sent`,
        sum("reconnects") ? `connected anew ${several(sum("reconnects"), "time")}` : "",
        sum("handshakes_failed") ? `${several(sum("handshakes_failed"), "handshake")} failed` : "",
        sum("sequence_gaps") ? `${several(sum("sequence_gaps"), "gap")} in the sequence` : "",
      ].filter(Boolean).join(", ")}</p>
      ${socket.hwm > 0 && html`<p class="quiet">fullest queue ${count(socket.queue)} of ${count(socket.hwm)}${socket.queue ? `, ${socket.way}` : ""}
        <span class=${`meter ${socket.fill >= 0.9 ? "full" : socket.fill >= 0.5 ? "half" : ""}`} role="meter" aria-label=${`Queue of ${socket.name}`} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(socket.fill * 100)}
          ref=${(bar) => bar?.style.setProperty("--fill", socket.fill)}></span></p>`}
      ${socket.dropped > 0 && html`<p class="alarm">${several(socket.dropped, "message")} dropped: ${Object.entries(reasons).map(([why, number]) => `${count(number)} ${why}`).join(", ")}</p>`}
      ${socket.blockedSeconds >= 0.05 && html`<p class=${socket.isBlocked ? "alarm" : "warn"}>${socket.isBlocked ? "blocked now," : "was blocked"} ${duration(socket.blockedSeconds)} in all</p>`}
    </li>`;
  })}</ul>`;
}

function Copies({ copies, now, before }) {
  return html`<h3>Copies</h3>
    <div class="wide"><table><thead><tr><th scope="col">copy</th><th scope="col">status</th><th scope="col">in</th><th scope="col">out</th><th scope="col">failed</th></tr></thead>
    <tbody>${copies.map((copy) => {
      const done = doing(now, before, copy.instance);
      return html`<tr key=${copy.instance}><th scope="row"><button type="button" class="link" onClick=${() => select({ node: copy.instance })}>${copy.instance}</button></th>
        <td>${copy.status}</td><td>${perSecond(done.in)}</td><td>${perSecond(done.out)}</td><td>${count(copy.failed)}</td></tr>`;
    })}</tbody></table></div>`;
}

function Counts({ copies }) {
  const sums = {};
  for (const copy of copies) for (const [name, number] of Object.entries(copy.user ?? {})) sums[name] = (sums[name] ?? 0) + number;
  for (const [key, word] of [["lines_read", "lines read"], ["lines_written", "lines written"]]) {
    const sum = copies.reduce((all, copy) => all + (copy[key] ?? 0), 0);
    if (sum) sums[word] = sum;
  }
  const entries = Object.entries(sums);
  if (!entries.length) return null;
  return html`<h3>Counts</h3><dl>${entries.map(([name, number]) => html`<div key=${name}><dt>${name}</dt><dd>${count(number)}</dd></div>`)}</dl>`;
}

function Links({ node, members }) {
  const now = use((state) => state.now);
  const wires = new Map();
  for (const { from, to } of now?.links.values() ?? []) {
    const [a, b] = [from, to].map((port) => ({ ...port, node: now.instances.get(port.instance)?.node ?? port.instance }));
    const name = (one) => (one.instance === node || members?.includes(one.node) ? node : one.node);
    const wire = { from: name(a), fromSocket: a.socket, to: name(b), toSocket: b.socket, members: { [node]: members } };
    if (![wire.from, wire.to].includes(node)) continue;
    wires.set(wireName(wire), wire);
  }
  if (!wires.size) return null;
  return html`<h3>Links</h3><ul class="links">${[...wires].map(([name, wire]) =>
    html`<li key=${name}><button type="button" class="link" onClick=${() => select({ wire })}>${name}</button></li>`)}</ul>`;
}

export function LinkFigures({ wire }) {
  const now = use((state) => state.now);
  const members = (name) => wire.members?.[name];
  const charts = useMemo(() => {
    const owner = (instance, node) => [wire.from, wire.to].find((end) => end === instance || members(end)?.includes(node)) ?? node;
    const lines = { there: [], back: [] };
    let last = null;
    for (const [before, sample, ago] of pairs(state.samples)) {
      last = flowing(sample, before, [wire], owner, members).get(wire);
      for (const way of ["there", "back"]) lines[way].push([ago, last[way]]);
    }
    return { ...lines, last };
  }, [now, wire]);
  const { last } = charts;
  const back = charts.back.some(([, value]) => value);
  const ends = [[wire.from, wire.fromSocket], [wire.to, wire.toSocket]].filter(([node]) => node);
  const links = [...(now?.links.values() ?? [])].filter(({ from, to }) =>
    [from, to].every(({ instance, socket }) => ends.some(([node, name]) => {
      const own = now.instances.get(instance)?.node;
      return name === socket && ([instance, own].includes(node) || members(node)?.includes(own));
    })));
  return html`
    <div class="charts"><${Chart} title="Messages" say=${perSecond} lines=${[
      { name: back ? "there" : "", points: charts.there, look: "one" },
      ...(back ? [{ name: "back", points: charts.back, look: "two" }] : []),
    ]} /></div>
    ${last?.isAbout && html`<p class="quiet">Which copy got how many cannot be known on this link; the rate is shared out.</p>`}
    ${links.length > 0 && html`<h3>Between copies</h3><div class="wide"><table>
      <thead><tr><th scope="col">link</th><th scope="col">sent</th><th scope="col">received</th><th scope="col">dropped</th><th scope="col">waiting</th></tr></thead>
      <tbody>${links.map((link) => html`<tr key=${JSON.stringify([link.from, link.to])}><th scope="row">${link.from.instance} → ${link.to.instance}</th>
        ${["sent", "received", "dropped", "waiting"].map((key) => html`<td class=${key === "dropped" && link[key] ? "alarm" : ""}>${link[key] == null ? "–" : count(link[key])}</td>`)}</tr>`)}</tbody></table></div>
      <p class="quiet">${[...new Set(links.map(({ pattern, endpoint }) => `${pattern}, ${endpoint}`))].join("; ")}. A dash is what nobody can know.</p>`}
    <h3>Ends</h3><ul class="links">${ends.map(([node, socket]) => html`<li><button type="button" class="link" onClick=${() => select({ node, members: members(node) })}>${node}</button> <span class="quiet">${socket}, ${fill(now, node, socket, members(node))}</span></li>`)}${wire.place && html`<li>${wire.place} <span class="quiet">another place of this file${last?.peers === 0 ? ", not there" : ""}</span></li>`}</ul>`;
}

function fill(now, node, name, members) {
  const sockets = copiesOf(now, node, members).flatMap((copy) => copy.sockets.filter((one) => one.name === name));
  const dropped = sockets.reduce((sum, one) => sum + droppedOf(one), 0);
  const peers = sockets.reduce((sum, one) => sum + one.peers, 0);
  return `${several(peers, "peer")}${dropped ? `, ${count(dropped)} dropped` : ""}`;
}

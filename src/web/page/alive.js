// What a run does now, drawn onto its picture: rates, queues, drops, faults, peers. Owns its own layer of the SVG.
import { doing, flowing, outsiders } from "./figures.js";
import { places } from "./labels.js";
import { wireName } from "./scene.js";
import { count, duration, rate, several } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
/** A handler that is at work for that share of the time is what the queue before it waits for. */
const SLOW = 0.85;

/** The living layer of a scene: `update(now, before)`, `plan(byNode)`. */
export class Alive {
  #scene;
  #layer = element("g", { class: "live" });
  #wires = [];
  #nodes = new Map();
  #open;

  /** `open(node, tab)` is called for a mark that opens. */
  constructor(scene, open) {
    this.#scene = scene;
    this.#open = open;
    const { figures, wished } = places(scene);
    scene.wires.forEach((wire, at) => {
      const label = element("text", { class: "rate", x: figures[at].x, y: figures[at].y + 3.5 });
      this.#layer.append(label);
      this.#wires.push({ wire, label });
    });
    for (const node of scene.nodes.values()) this.#nodes.set(node.name, this.#dressed(node, wished));
    scene.svg.append(this.#layer);
  }

  #dressed(node, spots) {
    const chips = element("g", { class: "chips", transform: `translate(${node.box.x} ${node.bottom + 4})` });
    this.#layer.append(chips);
    const bars = new Map();
    for (const socket of node.sockets.values()) {
      if (!socket.pill) continue;
      const { x, y, width, height } = socket.pill;
      const top = y + height + 2;
      const figure = element("text", {
        class: "queue",
        x: socket.isLeft ? x + width + 5 : x - 5,
        y: top + 4.5,
        "text-anchor": socket.isLeft ? "start" : "end",
      });
      const back = element("rect", { class: "bar-back", x, y: top, width, height: 4, rx: 2 });
      const front = element("rect", { class: "bar", x, y: top, width: 0, height: 4, rx: 2 });
      const spot = spots.get(socket);
      const wished = spot && element("text", { class: "wished", ...spot, "text-anchor": socket.isLeft ? "end" : "start" });
      this.#layer.append(back, front, figure, ...(wished ? [wished] : []));
      bars.set(socket.name, { back, front, figure, wished, width });
    }
    return { node, chips, bars, said: "" };
  }

  /** Draws what happened between two samples; returns the rates of the wires, as they lie. `known` are those of the past. */
  update(now, before, known) {
    const members = (name) => this.#scene.nodes.get(name)?.members;
    const { wires, owner } = this.#scene;
    const rates = known ? known(now, before, wires, members) : flowing(now, before, wires, owner, members);
    for (const { wire, label } of this.#wires) this.#wire(wire, label, rates.get(wire));
    for (const dressed of this.#nodes.values()) this.#node(dressed, now, before);
    return this.#scene.wires.map((wire) => rates.get(wire));
  }

  #wire(wire, label, { there, back, waiting, dropped, peers, isAbout }) {
    const all = there + back;
    const words = back >= 0.05 && there >= 0.05 ? `${rate(there)} ⇄ ${rate(back)}` : rate(all);
    let text = all >= 0.05 ? `${isAbout ? "≈ " : ""}${words}/s` : "";
    const others = peers ? several(peers, "peer") : wire.place && peers === 0 ? "not there" : "";
    if (others) text += `${text && " · "}${others}`;
    write(label, text);
    const sentence = [
      wireName(wire),
      others,
      `${rate(there)} messages a second${back ? `, ${rate(back)} back` : ""}`,
      waiting ? `${several(waiting, "message")} on the way` : "",
      dropped ? `${several(dropped, "message")} dropped` : "",
    ];
    wire.element.setAttribute("aria-label", sentence.filter(Boolean).join(", "));
    wire.element.classList.toggle("drops", dropped > 0);
  }

  #node(dressed, now, before) {
    const { node, bars } = dressed;
    const { members } = node;
    const done = doing(now, before, node.name, members);
    for (const [name, parts] of bars) this.#socket(parts, done.sockets.get(name));
    const strangers = [...done.sockets.keys()].reduce(
      (sum, name) => sum + (this.#leadsOutside(node.name, name) ? 0 : outsiders(now, node.name, name, members)), 0);
    const marks = marksOf(done, strangers);
    const said = JSON.stringify(marks);
    if (said !== dressed.said) {
      dressed.said = said;
      this.#chips(dressed, marks);
    }
    const words = [node.name, node.place ? `at ${node.place}` : "", done.copies > 1 ? `${done.copies} copies` : "", `${rate(done.in)} in and ${rate(done.out)} out a second`];
    node.element.setAttribute("aria-label", [...words, ...marks.map(({ text }) => text)].filter(Boolean).join(", "));
    node.element.classList.toggle("troubled", marks.some(({ look }) => look === "alarm"));
  }

  #leadsOutside(name, socket) {
    return this.#scene.wires.some(({ from, fromSocket, to, toSocket }) =>
      (from === name && fromSocket === socket && !to) || (to === name && toSocket === socket && !from));
  }

  #socket({ back, front, figure, wished, width }, socket) {
    const fill = socket?.fill ?? 0;
    front.setAttribute("width", fill ? Math.max(2, width * fill).toFixed(1) : 0);
    front.setAttribute("class", `bar ${fill >= 0.9 ? "full" : fill >= 0.5 ? "half" : ""}`);
    back.setAttribute("class", `bar-back ${socket?.hwm ? "" : "none"}`);
    write(figure, socket && socket.queue >= 1 && (fill >= 0.02 || !socket.hwm) ? `${count(socket.queue)}${socket.hwm ? `/${count(socket.hwm)}` : ""}` : "");
    if (wished) write(wished, socket?.subscriptions ? several(socket.subscriptions, "subscription") : "");
  }

  #chips({ node, chips }, marks) {
    chips.replaceChildren();
    let x = 0;
    for (const { text, look, tab } of marks) {
      const width = 10 + 5.9 * text.length;
      const chip = element("g", { class: `chip ${look}`, transform: `translate(${x} 0)` });
      chip.append(element("rect", { width, height: 15, rx: 7.5 }));
      const label = element("text", { x: width / 2, y: 11, "text-anchor": "middle" });
      label.textContent = text;
      chip.append(label);
      if (tab) {
        chip.classList.add("opens");
        chip.addEventListener("click", () => this.#open(node, tab));
      }
      chips.append(chip);
      x += width + 4;
    }
  }

  /** Shows what a save would do to each node, or nothing of the kind. */
  plan(byNode) {
    for (const { node } of this.#nodes.values()) {
      node.planned?.remove();
      node.planned = null;
      const fate = byNode?.get(node.copyOf ?? node.name);
      node.element.classList.remove(...[...node.element.classList].filter((name) => name.startsWith("plan-")));
      if (!fate) continue;
      node.element.classList.add(`plan-${fate.look}`);
      node.planned = planned(node, fate);
      this.#layer.append(node.planned);
    }
  }
}

/** A frame around a node and a word above it. */
function planned({ box, bottom }, { look, word }) {
  const group = element("g", { class: `planned plan-${look}` });
  group.append(element("rect", { x: box.x - 4, y: box.y - 4, width: box.width + 8, height: bottom - box.y + 8, rx: 13, class: "ring" }));
  const width = 14 + 6.3 * word.length;
  group.append(element("rect", { x: box.x + 8, y: box.y - 13, width, height: 18, rx: 9, class: "tag" }));
  const text = element("text", { x: box.x + 8 + width / 2, y: box.y, "text-anchor": "middle" });
  text.textContent = word;
  group.append(text);
  return group;
}

/** What deserves a mark at a node. */
function marksOf(done, strangers) {
  const marks = [];
  const mark = (text, look, tab) => marks.push({ text, look, tab });
  for (const status of done.statuses) {
    if (status !== "running" && status !== "busy") mark(status, status === "failed" ? "alarm" : "note");
  }
  if (done.failed) mark(`✖ ${count(done.failed)} failed`, "alarm", "log");
  if (done.dropped) mark(`${count(done.dropped)} dropped`, "alarm", "figures");
  if (done.isBlocked || done.blockedSeconds >= 0.1) {
    mark(`${done.isBlocked ? "blocked" : "was blocked"} ${duration(done.blockedSeconds)}`, done.isBlocked ? "alarm" : "warn", "figures");
  }
  if (done.busy >= SLOW) mark(`slow: handler ${Math.round(Math.min(done.busy, 1) * 100)} % at work`, "warn", "figures");
  if (done.waiting) mark(`${count(done.waiting)} waiting`, "warn", "figures");
  if (strangers) mark(`${several(strangers, "peer")} outside`, "note", "figures");
  return marks;
}

function write(text, words) {
  if (text.textContent !== words) text.textContent = words;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

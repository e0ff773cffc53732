// The picture: loads the server's SVG, keeps it at its size, and lets one open what is in it.
import { Alive } from "./alive.js";
import { text } from "./api.js";
import { Flow } from "./flow.js";
import { rove } from "./roving.js";
import { sceneOf } from "./scene.js";
import { listen, select, set, state, toggle } from "./store.js";
import { fateOf } from "./plan.js";

const LEAST = 0.7;
const MOST = 1.6;

let viewport;
let paper;
let flow;
let scene = null;
let alive = null;
let keys = null;
let zoom = null;
let asked = null;
let drawn = {};

/** Makes the picture inside that element. */
export function mountPicture(root) {
  const banner = document.createElement("p");
  banner.className = "then";
  banner.hidden = true;
  viewport = document.createElement("div");
  viewport.className = "viewport";
  paper = document.createElement("div");
  paper.className = "paper";
  viewport.append(paper);
  root.append(banner, viewport, tools());
  flow = new Flow(viewport);
  new ResizeObserver(() => fit()).observe(viewport);
  viewport.addEventListener("wheel", onWheel, { passive: false });
  document.addEventListener("zrig-theme", () => scene && flow.recolour());
  listen(() => onChange(banner));
  // Frames are counted for whoever measures how fluent the page is.
  window.zrigFrames = () => flow.frames;
}

function onChange(banner) {
  load();
  if (drawn.generation !== state.generation) {
    drawn.generation = state.generation;
    banner.hidden = state.generation == null;
    banner.replaceChildren(`Generation ${state.generation}, as it was.`, button("Back to now", "", () => set({ generation: null })));
  }
  if (!scene) return;
  if (drawn.now !== state.now && state.now && state.generation == null) {
    drawn.now = state.now;
    flow.rates(alive.update(state.now, state.before));
  }
  if (drawn.selected !== state.selected) mark();
  if (drawn.plan !== state.plan) {
    drawn.plan = state.plan;
    alive.plan(state.plan && new Map(state.plan.map((node) => [node.node, fateOf(node)])));
  }
}

/** Asks for the picture of what should be shown, if it is another one. */
async function load() {
  if (!state.run) return;
  const generation = state.generation ?? state.run.generation;
  const named = (key) => state[key].size ? `&${key}=${[...state[key]].sort().map(encodeURIComponent)}` : "";
  const query = `generation=${generation}${named("open")}${named("copies")}`;
  const wanted = `${state.run.pid} ${query}`;
  if (wanted === asked) return;
  asked = wanted;
  try {
    const markup = await text(`/api/picture.svg?${query}`);
    if (wanted !== asked) return;
    show(new DOMParser().parseFromString(markup, "image/svg+xml").documentElement);
    viewport.dataset.generation = generation;
  } catch (refused) {
    if (wanted === asked) fail(refused.message);
  }
}

function fail(message) {
  scene = null;
  const said = document.createElement("p");
  said.className = "none";
  said.textContent = `There is no picture: ${message}.`.replace(/\.\.$/, ".");
  paper.replaceChildren(said);
  flow.show({ wires: [], svg: paper, width: 1 });
  flow.rates([]);
}

function show(svg) {
  const focused = paper.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  svg = document.importNode(svg, true);
  svg.setAttribute("role", "group");
  svg.setAttribute("preserveAspectRatio", "xMinYMin");
  svg.removeAttribute("aria-labelledby");
  svg.setAttribute("aria-label", `Picture of ${state.run.name}. Arrow keys move, Enter opens, + and - unfold and fold.`);
  paper.replaceChildren(svg);
  scene = sceneOf(svg);
  for (const { element } of [...scene.nodes.values(), ...scene.wires]) element.setAttribute("role", "button");
  for (const { element, shape } of scene.wires) element.prepend(wide(shape));
  for (const node of scene.nodes.values()) if (node.members || node.hasCopies || node.copyOf) foldable(node);
  alive = new Alive(scene, (node, tab) => select({ node: node.name, members: node.members }, tab));
  keys = rove(svg, items(), choose);
  flow.show(scene);
  drawn = { generation: drawn.generation };
  fit();
  mark();
  if (state.now && state.generation == null) flow.rates(alive.update(state.now, state.before));
  else flow.rates(scene.wires.map(() => ({ there: 0, back: 0 })));
  if (focused) keys.focus([...scene.nodes.values()].find(({ name }) => name === focused)?.element);
  performance.mark("picture shown");
  if (state.plan) set({ plan: null });
}

function nameOf(element) {
  return element.dataset?.node ?? element.dataset?.group ?? null;
}

/** A line that is easier to hit. */
function wide(shape) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shape);
  path.setAttribute("class", "wide");
  return path;
}

function items() {
  const nodes = [...scene.nodes.values()].map((node) => ({
    element: node.element, node, x: node.box.x + node.box.width / 2, y: node.box.y + node.box.height / 2,
  }));
  const wires = scene.wires.map((wire) => {
    const { x, y } = wire.path.getPointAtLength(wire.path.getTotalLength() / 2);
    return { element: wire.element, wire, x, y };
  });
  return [...nodes, ...wires];
}

function choose({ node, wire }, event) {
  if (event.target.closest?.(".fold") || /^[-+]$/.test(event.key)) return node && fold(node);
  if (node) select({ node: node.name, members: node.members });
  else {
    const { from, fromSocket, to, toSocket, place } = wire;
    const members = Object.fromEntries([from, to].map((name) => [name, scene.nodes.get(name)?.members]));
    select({ wire: { from, fromSocket, to, toSocket, place, members } });
  }
  if (event.type === "keydown") document.getElementById("panel").focus();
}

function fold({ name, members, hasCopies, copyOf }) {
  if (members) toggle(name);
  else if (hasCopies || copyOf) toggle(copyOf ?? name, "copies");
}

/** A sign at a box that stands for several: it draws them one by one, or as one box again. */
function foldable({ box: { x, y, width }, copyOf, element }) {
  const sign = document.createElementNS("http://www.w3.org/2000/svg", "g");
  sign.setAttribute("class", "fold");
  const right = x + width;
  sign.innerHTML = `<title>${copyOf ? "Draw all copies as one box" : "Draw them one by one"}</title><circle cx="${right}" cy="${y}" r="9"/><path d="M${right - 4} ${y}h8${copyOf ? "" : `M${right} ${y - 4}v8`}"/>`;
  element.append(sign);
}

function mark() {
  drawn.selected = state.selected;
  const { node, wire } = state.selected ?? {};
  for (const one of scene.nodes.values()) {
    one.element.classList.toggle("selected", one.name === node);
    one.element.setAttribute("aria-pressed", String(one.name === node));
  }
  for (const one of scene.wires) {
    const is = wire && ["from", "fromSocket", "to", "toSocket", "place"].every((key) => wire[key] === one[key]);
    one.element.classList.toggle("selected", Boolean(is));
    one.element.setAttribute("aria-pressed", String(Boolean(is)));
  }
}

function tools() {
  const bar = document.createElement("div");
  bar.className = "tools";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Size of the picture");
  bar.append(
    button("−", "Smaller", () => scaled(1 / 1.2)),
    button("Fit", "Fit the picture to its room", () => { zoom = null; fit(); }),
    button("+", "Larger", () => scaled(1.2)),
  );
  return bar;
}

function button(words, label, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", onClick);
  return made;
}

function onWheel(event) {
  if (!event.ctrlKey) return;
  event.preventDefault();
  scaled(event.deltaY < 0 ? 1.1 : 1 / 1.1);
}

function scaled(by) {
  zoom = Math.min(Math.max((zoom ?? fitting()) * by, 0.15), 4);
  fit();
}

/** How large it is when it fits, without words that nobody can read. */
function fitting() {
  const { clientWidth, clientHeight } = viewport;
  const wide = (clientWidth - 2) / scene.width;
  // On a phone the page is as high as it has to be; elsewhere the tools stand below the picture.
  const high = matchMedia("(max-width: 760px)").matches ? Infinity : (clientHeight - 44) / scene.height;
  // What nearly fits is not cut off for a little more size.
  const least = Math.min(LEAST, wide > 0.8 * LEAST ? wide : wide * 1.6);
  return Math.min(Math.max(Math.min(wide, high), least, 0.5), MOST);
}

function fit() {
  if (!scene) return;
  const scale = zoom ?? fitting();
  scene.svg.setAttribute("width", (scene.width * scale).toFixed(3));
  scene.svg.setAttribute("height", (scene.height * scale).toFixed(3));
}

// The picture: loads the server's SVG, keeps it at its size, and lets one open what is in it.
import { Alive } from "./alive.js";
import { text } from "./api.js";
import { Flow } from "./flow.js";
import { backToNow } from "./past.js";
import { rove } from "./roving.js";
import { sceneOf } from "./scene.js";
import { listen, select, set, state, toggle } from "./store.js";
import { fateOf } from "./plan.js";
import { passing, samplesOf } from "./then.js";
import { moment } from "./words.js";

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
let back;

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
  back = button("Back to now", "", () => (state.past ? backToNow("recordings") : set({ generation: null })));
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
  const then = thenWords();
  if (drawn.then !== then) {
    drawn.then = then;
    banner.hidden = !then;
    // The button stays, so that who is on it stays on it.
    banner.replaceChildren(then, back);
  }
  if (!scene) return;
  live();
  if (drawn.selected !== state.selected) mark();
  if (drawn.plan !== state.plan) {
    drawn.plan = state.plan;
    alive.plan(state.plan && new Map(state.plan.map((node) => [node.node, fateOf(node)])));
  }
}

/** What is said where it is not what runs now; nothing where it is. */
function thenWords() {
  const { past, generation } = state;
  if (past) {
    const version = past.info.versions[past.moment?.version];
    const at = past.info.line ? ` at ${moment(past.info.begun + past.at)}` : "";
    return `The past: ${past.name}${at}${version ? `, generation ${version.generation}` : ""}.`;
  }
  return generation == null ? "" : `Generation ${generation}, as it was.`;
}

/** Draws what passes, now or in the moment of a recording that is looked at. */
function live() {
  const { past, now, before, generation } = state;
  if (past) {
    if (!past.moment || drawn.moment === past.moment) return;
    drawn.moment = past.moment;
    flow.rates(alive.update(...samplesOf(past.moment), passing));
  } else if (now && drawn.now !== now && generation == null) {
    drawn.now = now;
    flow.rates(alive.update(now, before));
  }
}

/** Where the picture of what should be shown is, and how that is known; none while that is not known. */
function wanted() {
  const { run, past } = state;
  const named = (key) => state[key].size ? `&${key}=${[...state[key]].sort().map(encodeURIComponent)}` : "";
  const folds = `${named("open")}${named("copies")}`;
  if (past) {
    // One in which nothing passed has its last version yet.
    const version = past.moment?.version ?? (past.info.line ? null : past.info.versions.length - 1);
    return version == null || version < 0 ? null : { path: `/api/recording/picture.svg?${new URLSearchParams({ name: past.name, version })}${folds}`, version };
  }
  const generation = state.generation ?? run?.generation;
  return run && { path: `/api/picture.svg?generation=${generation}${folds}`, generation, pid: run.pid };
}

/** Asks for the picture of what should be shown, if it is another one. */
async function load() {
  if (state.past?.failed && !state.past.moment) {
    if (asked !== state.past.failed) fail((asked = state.past.failed));
    return;
  }
  const next = wanted();
  const key = JSON.stringify(next);
  if (!next || key === asked) return;
  asked = key;
  try {
    const markup = await text(next.path);
    if (key !== asked) return;
    show(new DOMParser().parseFromString(markup, "image/svg+xml").documentElement);
    viewport.dataset.generation = next.generation ?? "";
    viewport.dataset.version = next.version ?? "";
  } catch (refused) {
    if (key === asked) fail(refused.message);
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
  drawn = { then: drawn.then };
  fit();
  mark();
  flow.rates(scene.wires.map(() => ({ there: 0, back: 0 })));
  live();
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

// What the page knows, in one object, and who wants to hear of a change. Knows neither the server nor the page.
import { useEffect, useState } from "./preact.js";

export const state = {
  /** Who runs, as the server tells it. */
  run: null,
  /** `connecting`, `live`, `lost` (no server) or `gone` (the run is over). */
  connection: "connecting",
  /** The sample shown and the one its rates are measured from. */
  now: null,
  before: null,
  /** Up to five minutes of samples. */
  samples: [],
  events: [],
  reloads: [],
  /** How many samples and events the server left out, because this page was slow. */
  missed: 0,
  /** `null`, `{node}`, `{wire}` or `{reload}`. */
  selected: null,
  /** Which part of the panel is shown. */
  tab: "figures",
  /** The groups of like nodes that are drawn node by node. */
  open: new Set(),
  /** The nodes whose copies are drawn one by one. */
  copies: new Set(),
  /** The generation whose picture is shown, or null for the one that runs. */
  generation: null,
  /** What a save would do, by node, while it is looked at. */
  plan: null,
  /** The recording that is looked at, and where: `{name, info, at, moment, failed}`. */
  past: null,
  /** What is replayed, or was the last time. */
  replay: null,
  /** What the last step of slow motion took and sent. */
  stepped: null,
  /** Where the editor goes when it is opened: `{path, line, column}`. */
  place: null,
};

const listeners = new Set();
let isTold = false;

/** Changes some of it; who listens hears of it once, soon. */
export function set(change) {
  Object.assign(state, change);
  if (isTold) return;
  isTold = true;
  queueMicrotask(() => {
    isTold = false;
    for (const listener of [...listeners]) listener(state);
  });
}

/** Calls back after every change until the returned function is called. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A part of it for a component, which is drawn again when that part is another one. */
export function use(pick) {
  const [part, setPart] = useState(() => pick(state));
  useEffect(() => listen(() => setPart(() => pick(state))), []);
  return part;
}

/** Draws a group of like nodes node by node, or as one box again; or so the `copies` of a node. */
export function toggle(name, key = "open") {
  const names = new Set(state[key]);
  if (!names.delete(name)) names.add(name);
  set({ [key]: names });
}

/** Opens the panel for a node, a wire or a reload. */
export function select(selected, tab) {
  set({ selected, tab: tab ?? (state.past ? state.tab : state.tab === "file" && !selected?.reload ? "file" : "figures") });
}

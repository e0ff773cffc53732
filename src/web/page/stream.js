// The stream of what happens, into the store. Comes back by itself when the server or the run does.
import { follow, get } from "./api.js";
import { RATE_SECONDS, taken } from "./figures.js";
import { set, state } from "./store.js";

const HISTORY_SECONDS = 300;
const EVENTS = 500;
const RELOADS = 200;

/** What the next sample says only the differences from. */
let last = null;

export async function begin() {
  follow("/api/stream", {
    run: onRun,
    figures: onFigures,
    event: (event) => set({ events: [...state.events.slice(1 - EVENTS), event] }),
    reloaded: onReloaded,
    missed: ({ count }) => set({ missed: state.missed + (count ?? 1) }),
    released: () => set({ stepped: null }),
    stepped: (stepped) => set({ stepped }),
    replay: (replay) => set({ replay }),
    gone: () => set({ connection: "gone" }),
    back: () => set({ connection: "live" }),
  }, () => set({ connection: state.connection === "gone" ? "gone" : "lost" }));
  await remember();
}

async function remember() {
  try {
    const { replay } = await get("/api/replay");
    if (replay && !state.replay) set({ replay });
    const { samples = [], events = [], receipts = [] } = await get("/api/history");
    const old = [];
    for (const raw of samples) old.push(taken(raw, old.at(-1)));
    const first = state.samples[0]?.time ?? Infinity;
    set({
      samples: [...old.filter(({ time, seconds }) => time < first && !(seconds > state.now?.seconds)), ...state.samples],
      events: joined(events, state.events, EVENTS),
      reloads: joined(receipts.map(reloadOf), state.reloads, RELOADS),
    });
    if (!state.now && old.length) show(old.at(-1));
  } catch {
    // Without a past the page begins now.
  }
}

function joined(old, fresh, most) {
  const key = ({ time, node, message }) => [time, node, message].join();
  const known = new Set(old.map(key));
  return [...old, ...fresh.filter((one) => !known.has(key(one)))].slice(-most);
}

function reloadOf({ time, id: _, ...receipt }) {
  return { time, receipt };
}

function onRun(run) {
  const isAnother = state.run && state.run.pid !== run.pid;
  if (isAnother) set({ now: null, before: null, samples: [], generation: null, stepped: null });
  set({ run, connection: run.gone ? "gone" : "live" });
  document.title = `${run.name} · zrig`;
}

function onFigures(raw) {
  last = taken(raw, last);
  show(last);
  const since = state.now.time - HISTORY_SECONDS;
  set({
    samples: [...state.samples.filter(({ time }) => time >= since), state.now],
    connection: "live",
  });
}

function show(now) {
  const { samples } = state;
  let before = null;
  for (let at = samples.length - 1; at >= 0; at -= 1) {
    if (now.seconds < samples[at].seconds) break;
    before = samples[at];
    if (now.time - before.time >= RATE_SECONDS) break;
  }
  set({ now, before });
}

/** The generation is told by `run`, as soon as there is a picture of it. */
function onReloaded(told) {
  set({ reloads: [...state.reloads.slice(1 - RELOADS), reloadOf(told)] });
}

// A recording that is looked at, and at which moment. Asks for both; shows nothing.
import { get } from "./api.js";
import { listen, set, state } from "./store.js";

/** What was asked for last, and whether an answer is awaited. */
let asked = null;
let isAsking = false;

/** Looks at a recording, at that time of it or at its end; tells what is wrong by throwing it. */
export async function openPast(name, at) {
  const info = await get(`/api/recording?${new URLSearchParams({ name })}`);
  asked = null;
  set({ past: { name, info, at: at ?? info.seconds, moment: null, failed: null }, generation: null, plan: null });
  ask();
}

/** Goes to a time of the recording, in seconds since its beginning. */
export function goTo(at) {
  const { past } = state;
  set({ past: { ...past, at: Math.min(Math.max(at, 0), past.info.seconds) } });
  ask();
}

/** Looks at what runs again. */
export function backToNow(tab = "figures") {
  set({ past: null, tab });
}

listen(() => state.past && ask());

/** One question at a time: what was wanted meanwhile is asked when there is an answer. */
async function ask() {
  const { past, selected } = state;
  if (isAsking || !past?.info.line) return;
  const wanted = { name: past.name, at: past.at, targets: targets(selected).join() };
  const key = JSON.stringify(wanted);
  if (key === asked) return;
  asked = key;
  isAsking = true;
  let found;
  try {
    found = { moment: await get(`/api/recording/moment?${new URLSearchParams(wanted)}`), failed: null };
  } catch (refused) {
    found = { failed: refused.message };
  }
  isAsking = false;
  if (state.past?.info === past.info) set({ past: { ...state.past, ...found } });
  ask();
}

/** Whose messages are shown: of a node, of both ends of a link, or of all. */
function targets(selected) {
  if (selected?.wire) {
    const { from, fromSocket, to, toSocket, members } = selected.wire;
    return [[from, fromSocket], [to, toSocket]].filter(([name]) => name).flatMap(([name, socket]) =>
      (members?.[name] ?? [name]).map((one) => `${one}.${socket}`));
  }
  return selected?.node ? (selected.members ?? [selected.node]) : [];
}

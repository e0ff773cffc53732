// What a screen reader is told by itself: what matters, one sentence at a time. Owns the live region.
import { listen, state } from "./store.js";

const MATTERS = new Set(["handler-failed", "handshake-failed", "refused", "unreached", "panicked", "restarting", "stop-requested"]);

export function announce(region) {
  let told = { connection: state.connection, events: 0, reloads: 0 };
  let last = 0;
  listen(() => {
    const said = sentence(told);
    told = { connection: state.connection, event: state.events.at(-1), reload: state.reloads.at(-1) };
    // One sentence a second: more could not be spoken.
    if (!said || performance.now() - last < 1000) return;
    last = performance.now();
    region.textContent = said;
  });
}

function sentence(told) {
  if (told.connection !== state.connection) {
    const words = {
      live: `${state.run?.name ?? "The run"} runs.`,
      gone: "The run is over.",
      lost: "The server does not answer.",
    };
    return words[state.connection];
  }
  const reload = state.reloads.at(-1);
  if (reload && reload !== told.reload) return `Reload ${reload.receipt.verdict}.`;
  const event = state.events.at(-1);
  if (event && event !== told.event && (MATTERS.has(event.kind) || event.level === "error")) {
    return `${event.node ? `${event.node}: ` : ""}${event.message}`;
  }
  return null;
}

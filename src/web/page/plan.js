// What a save would do to each node, in zrig's words. Pure.

const LOOKS = [
  ["rebuild", "rebuilt"],
  ["re-attach", "connections change"],
  ["live", "changes live"],
];

/** How a node of a plan looks in the picture: `{look, word}`. */
export function fateOf({ sign, changes = [], pause }) {
  if (sign === "+") return { look: "add", word: "begins" };
  if (sign === "-") return { look: "remove", word: "ends" };
  if (sign === "=") return pause ? { look: "held", word: "held" } : { look: "keep", word: "stays" };
  const [look, word] = LOOKS.find(([how]) => changes.some((change) => change.how === how)) ?? ["live", "changes live"];
  const isHeld = pause && look === "live";
  return { look: look === "re-attach" ? "attach" : look, word: isHeld ? `${word}, held` : word };
}

/** What happens to one part of a node, as `[what, how]`. */
export function changeWords({ socket, what, how, why }) {
  const ways = { live: "live", "re-attach": "connections change", rebuild: "rebuilt" };
  return { what: socket ? `${socket}: ${what}` : what, how: ways[how] ?? how, why };
}

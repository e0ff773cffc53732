// Small charts of the last five minutes. Draws points; knows no figures.
import { html } from "./preact.js";

const [WIDTH, HEIGHT] = [300, 54];
const SECONDS = 300;

/**
 * A chart: `lines` are `{name, points, look}` with points of `[seconds ago, value]`; `say` words a value.
 */
export function Chart({ title, lines, say }) {
  const kept = lines.filter(({ points }) => points.length);
  const values = kept.flatMap(({ points }) => points.map(([, value]) => value));
  const most = Math.max(...values, 0);
  const top = most || 1;
  const now = (points) => points.at(-1)?.[1] ?? 0;
  const words = kept.map(({ name, points }) => `${name ? `${name} ` : ""}${say(now(points))}`).join(", ");
  return html`<figure class="chart">
    <figcaption><span>${title}</span><span class="now">${kept.map(({ name, points, look }) => html`<span class=${look ?? "one"}>${name ? `${name} ` : ""}${say(now(points))}</span>`)}</span></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label=${`${title}: now ${words || "nothing"}; at most ${say(most)} in the last five minutes`}>
      <path class="ground" d="M0 ${HEIGHT - 0.5}H${WIDTH}" />
      ${kept.map(({ points, look }) => html`<path class=${look ?? "one"} d=${path(points, top)} />`)}
    </svg>
    <p class="scale" aria-hidden="true"><span>5 min ago</span><span>at most ${say(most)}</span></p>
  </figure>`;
}

function path(points, top) {
  let shape = "";
  let last = null;
  for (const [ago, value] of points) {
    if (ago > SECONDS) continue;
    const x = (WIDTH * (1 - ago / SECONDS)).toFixed(1);
    const y = (HEIGHT - 2 - (HEIGHT - 6) * Math.min(value / top, 1)).toFixed(1);
    // Where samples are missing there is no line.
    shape += `${last != null && last - ago < 12 ? "L" : "M"}${x} ${y}`;
    last = ago;
  }
  return shape;
}

// The picture by keyboard: one stop of the Tab key, arrows between what can be opened. Knows places only.

/** Lets the arrow keys move among `items` (`{element, x, y}`), and Enter, a click or a sign choose one. */
export function rove(root, items, choose) {
  const byElement = new Map(items.map((item) => [item.element, item]));
  let current = items[0] ?? null;
  for (const { element } of items) element.setAttribute("tabindex", "-1");
  current?.element.setAttribute("tabindex", "0");

  const focus = (item) => {
    if (!item) return;
    current?.element.setAttribute("tabindex", "-1");
    current = item;
    item.element.setAttribute("tabindex", "0");
    item.element.focus();
    item.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const found = (target) => {
    const element = target.closest?.("[tabindex]");
    return element && byElement.get(element);
  };
  const onKey = (event) => {
    const item = found(event.target);
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const { key } = event;
    if (["Enter", " ", "+", "-"].includes(key)) choose(item, event);
    else if (key === "Home") focus(items[0]);
    else if (key === "End") focus(items.at(-1));
    else if (DIRECTIONS[key]) focus(nearest(items, item, DIRECTIONS[key]));
    else return;
    event.preventDefault();
  };
  const onClick = (event) => {
    const item = found(event.target);
    if (item) choose(item, event);
  };
  root.addEventListener("keydown", onKey);
  root.addEventListener("click", onClick);
  return { focus: (element) => focus(byElement.get(element)) };
}

const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** The item that lies that way: little aside counts more than near. */
function nearest(items, from, [dx, dy]) {
  let best = null;
  for (const item of items) {
    if (item === from) continue;
    const [x, y] = [item.x - from.x, item.y - from.y];
    const along = x * dx + y * dy;
    if (along < 1) continue;
    const cost = along + 2.5 * Math.abs(x * dy + y * dx);
    if (!best || cost < best.cost) best = { item, cost };
  }
  return best?.item;
}

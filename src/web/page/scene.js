// The server's picture as things to work with: nodes, sockets and wires with their places. Changes nothing.

/** Reads what the hooks of an SVG element say: `{svg, width, height, nodes, wires, outsides}`. */
export function sceneOf(svg) {
  const nodes = new Map();
  for (const element of svg.querySelectorAll("g.node")) {
    const node = nodeOf(element);
    nodes.set(node.name, node);
  }
  const outsides = [...svg.querySelectorAll("g.outside")];
  const wires = [...svg.querySelectorAll("g.wire")].map(wireOf).filter((wire) => wire.path);
  for (const wire of wires) wire.isTurned = isTurned(wire, nodes);
  const [, , width, height] = svg.getAttribute("viewBox").split(/\s+/).map(Number);
  return { svg, width, height, nodes, wires, outsides, owner: ownerIn(nodes) };
}

function nodeOf(element) {
  const { node, group, members, copies, copyOf } = element.dataset;
  const name = group ?? node;
  const box = rectangle(element.querySelector("rect.box"));
  const sheets = [...element.querySelectorAll(".sheet")].map(rectangle);
  const bottom = Math.max(box.y + box.height, ...sheets.map((sheet) => sheet.y + sheet.height));
  const sockets = new Map();
  for (const one of element.querySelectorAll("g.socket")) sockets.set(one.dataset.socket, socketOf(one, box));
  return {
    name, element, box, bottom, sockets,
    members: members?.split(" "),
    hasCopies: copies > 1,
    copyOf,
    place: element.dataset.place,
  };
}

function socketOf(element, box) {
  const pill = element.querySelector("rect.pill");
  const dot = element.querySelector("circle");
  const at = dot ? { x: Number(dot.getAttribute("cx")), y: Number(dot.getAttribute("cy")) } : null;
  return {
    name: element.dataset.socket,
    role: element.dataset.role,
    element,
    pill: pill && rectangle(pill),
    dot: at,
    isLeft: at ? at.x < box.x + box.width / 2 : true,
  };
}

function wireOf(element) {
  const { from, fromSocket, fromPlace, to, toSocket, toPlace } = element.dataset;
  const path = element.querySelector("path[d]");
  return { element, path, from, fromSocket, to, toSocket, place: fromPlace ?? toPlace, shape: path?.getAttribute("d") };
}

/** Whether the path begins at the end that receives. */
function isTurned(wire, nodes) {
  const [start, end] = [wire.path.getPointAtLength(0), wire.path.getPointAtLength(wire.path.getTotalLength())];
  const from = nodes.get(wire.from)?.box;
  const to = nodes.get(wire.to)?.box;
  const away = (point, box) => Math.max(box.x - point.x, point.x - box.x - box.width, 0) + Math.max(box.y - point.y, point.y - box.y - box.height, 0);
  if (from) return away(end, from) < away(start, from);
  return to ? away(start, to) < away(end, to) : false;
}

function rectangle(element) {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((key) => Number(element.getAttribute(key)));
  return { x, y, width, height };
}

/** Under which name a copy of a node is drawn: its own, its node's, or its group's. */
function ownerIn(nodes) {
  const groups = new Map();
  for (const { name, members = [] } of nodes.values()) for (const member of members) groups.set(member, name);
  return (instance, node) => (nodes.has(instance) ? instance : (groups.get(node) ?? node));
}

/** What a wire is called; `place` is the other place of the file that it leads to, if it does. */
export function wireName({ from, fromSocket, to, toSocket, place = "outside" }) {
  const end = (node, socket) => (node ? (socket && socket !== node ? `${node}.${socket}` : node) : place);
  return `${end(from, fromSocket)} → ${end(to, toSocket)}`;
}

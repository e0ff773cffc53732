// What passed in a moment of a recording, as figures of the picture and the panel. Pure.
import { doing, taken } from "./figures.js";

/** Two samples, at the end and at the beginning of the time that a moment's figures are of. */
export function samplesOf({ at, window, sockets }) {
  const instances = new Map();
  for (const { instance, node, socket, role, way, messages, bytes } of sockets) {
    const copy = instances.get(instance) ?? { instance, node, status: "running", sockets: [] };
    instances.set(instance, copy);
    let own = copy.sockets.find(({ name }) => name === socket);
    if (!own) copy.sockets.push((own = { name: socket, role }));
    Object.assign(own, { [way]: messages, [`bytes_${way}`]: bytes });
  }
  const nodes = [...instances.values()];
  const none = nodes.map((node) => ({ ...node, sockets: node.sockets.map(({ name, role }) => ({ name, role })) }));
  const sample = (time, seconds, of) => taken({ whole: true, time, seconds, nodes: of }, null);
  return [sample(at, window, nodes), sample(at - window, 0, none)];
}

/** What went over each wire, by what its ends sent and received; where that does not tell it is shared out. */
export function passing(now, before, wires, members) {
  const ends = new Map();
  const key = (name, socket) => `${name}\n${socket}`;
  for (const { from, fromSocket, to, toSocket } of wires) {
    for (const end of [from && key(from, fromSocket), to && key(to, toSocket)]) if (end) ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const known = new Map();
  const rate = (name, socket, way) => {
    if (!known.has(name)) known.set(name, doing(now, before, name, members(name)).sockets);
    return known.get(name).get(socket)?.[way] ?? 0;
  };
  const explained = new Map();
  const over = (sender, receiver) => {
    const [sends, receives] = [ends.get(key(...sender)), ends.get(key(...receiver))];
    const isAbout = sends > 1 && receives > 1;
    const moved = receives === 1 || isAbout ? rate(...receiver, "in") / receives : rate(...sender, "out");
    for (const end of [`${key(...sender)}\nout`, `${key(...receiver)}\nin`]) explained.set(end, (explained.get(end) ?? 0) + moved);
    return { moved, isAbout };
  };
  const found = new Map();
  for (const wire of wires.filter(({ from, to }) => from && to)) {
    const [a, b] = [[wire.from, wire.fromSocket], [wire.to, wire.toSocket]];
    const [there, back] = [over(a, b), over(b, a)];
    found.set(wire, { there: there.moved, back: back.moved, waiting: 0, dropped: 0, isAbout: there.isAbout && there.moved + back.moved > 0 });
  }
  for (const wire of wires.filter(({ from, to }) => !from || !to)) {
    const [name, socket, way] = wire.from ? [wire.from, wire.fromSocket, "out"] : [wire.to, wire.toSocket, "in"];
    const rest = (direction) => Math.max(0, rate(name, socket, direction) - (explained.get(`${key(name, socket)}\n${direction}`) ?? 0));
    found.set(wire, { there: rest(way), back: rest(way === "out" ? "in" : "out"), waiting: 0, dropped: 0, isAbout: false });
  }
  return found;
}

// Figures as the page needs them, and what two samples say of the time between. Pure.

/**
 * A sample with its nodes by instance and by name. One that is not `whole` says only what is otherwise than in
 * the one before; what is zero is left out.
 */
export function taken(raw, last) {
  const parts = raw.whole || !last ? [new Map(), new Map()] : [new Map(last.instances), new Map(last.links)];
  const [instances, links] = parts;
  for (const node of raw.nodes ?? []) instances.set(node.instance, nodeOf(node));
  for (const link of raw.links ?? []) {
    const told = { ...link, from: portOf(link.from), to: portOf(link.to) };
    links.set(linkKey(told), told);
  }
  const nodes = new Map();
  for (const node of instances.values()) {
    const copies = nodes.get(node.node);
    if (copies) copies.push(node);
    else nodes.set(node.node, [node]);
  }
  const { time, seconds, generation, started } = raw;
  return { time, seconds, generation, started, instances, nodes, links, waiting: null };
}

function nodeOf(told) {
  return { handled: 0, failed: 0, waiting: 0, user: {}, handlers: {}, ...told, sockets: told.sockets.map(socketOf) };
}

function socketOf(told) {
  return {
    in: 0, out: 0, bytes_in: 0, bytes_out: 0, dropped: {}, blocked: false, blocked_seconds: 0, peers: 0, subscriptions: 0,
    hwm_send: 0, hwm_receive: 0, handshakes_failed: 0, disconnects: 0, reconnects: 0, sequence_gaps: 0, ...told,
    fullest_out: told.queue_out?.[1] ?? 0,
    fullest_in: told.queue_in?.[1] ?? 0,
  };
}

function portOf([instance, socket]) {
  return { instance, socket };
}

function linkKey({ from, to, endpoint }) {
  return [from.instance, from.socket, to.instance, to.socket, endpoint].join("\n");
}

/** What waits on the links that end at a socket, and how much has room there at both ends together. */
function waitingAt(sample, instance, socket) {
  if (!sample.waiting) {
    sample.waiting = new Map();
    for (const { from, to, waiting } of sample.links.values()) {
      const [here, there] = [to, from].map((port) =>
        sample.instances.get(port.instance)?.sockets.find(({ name }) => name === port.socket));
      if (!here || !waiting) continue;
      const key = `${to.instance}\n${to.socket}`;
      const sum = sample.waiting.get(key) ?? { waiting: 0, room: 0 };
      sum.waiting += waiting;
      sum.room += here.hwm_receive && there?.hwm_send ? here.hwm_receive + there.hwm_send : Infinity;
      sample.waiting.set(key, sum);
    }
  }
  return sample.waiting.get(`${instance}\n${socket}`);
}

/** All that is dropped, whatever the reason. */
export function droppedOf(socket) {
  return Object.values(socket.dropped ?? {}).reduce((sum, one) => sum + one, 0);
}

/** How much larger a count is, a second; a count that began anew begins at 0. */
function grown(now, before, seconds) {
  if (now == null || before == null) return null;
  return (now >= before ? now - before : now) / seconds;
}

/** The copies of what a name stands for: a node, one of its copies, or a group of like nodes. */
export function copiesOf(sample, name, members) {
  if (!sample) return [];
  if (members) return members.flatMap((member) => copiesOf(sample, member));
  const whole = sample.nodes.get(name);
  if (whole) return whole;
  const copy = sample.instances.get(name);
  return copy ? [copy] : [];
}

/** What copies did between two samples, all together. */
export function doing(now, before, name, members) {
  const copies = copiesOf(now, name, members);
  const seconds = before ? Math.max(now.time - before.time, 0.05) : null;
  const done = {
    copies: copies.length,
    statuses: [...new Set(copies.map((copy) => copy.status))],
    handled: 0, failed: 0, waiting: 0, dropped: 0, blockedSeconds: 0,
    isBlocked: false, droppedNow: 0, handledRate: 0, failedRate: 0, busy: 0,
    in: 0, out: 0, sockets: new Map(),
  };
  for (const copy of copies) {
    const was = before?.instances.get(copy.instance);
    done.handled += copy.handled;
    done.failed += copy.failed;
    done.waiting += copy.waiting;
    if (was && seconds) {
      done.handledRate += grown(copy.handled, was.handled, seconds);
      done.failedRate += grown(copy.failed, was.failed, seconds);
    }
    done.busy = Math.max(done.busy, copy.handler?.busy ?? 0);
    copy.sockets.forEach((socket, at) => {
      const old = was?.sockets[at]?.name === socket.name ? was.sockets[at] : null;
      addSocket(done, socket, waitingAt(now, copy.instance, socket.name), old, seconds);
    });
  }
  for (const socket of done.sockets.values()) {
    done.in += socket.in;
    done.out += socket.out;
    done.droppedNow += socket.droppedRate;
  }
  return done;
}

/** What each handler of some copies did, those of one name together: in the last moment, or else so far. */
export function handlersOf(copies, now, before) {
  const seconds = before ? Math.max(now.time - before.time, 0.05) : null;
  const found = new Map();
  for (const { instance, handlers } of copies) {
    const was = seconds ? before.instances.get(instance)?.handlers : null;
    for (const [name, [calls, took]] of Object.entries(handlers)) {
      const sum = found.get(name) ?? { name, calls: 0, took: 0, rate: 0, busy: 0 };
      found.set(name, sum);
      sum.calls += calls;
      sum.took += took / 1e9;
      if (!was) continue;
      const [before, spent] = was[name] ?? [0, 0];
      sum.rate += grown(calls, before, seconds);
      sum.busy += grown(took, spent, seconds) / 1e9;
    }
  }
  const all = [...found.values()];
  const sum = (key) => all.reduce((sum, one) => sum + one[key], 0);
  const key = sum("busy") ? "busy" : "took";
  const whole = sum(key) || 1;
  for (const one of all) {
    one.mean = one.rate ? one.busy / one.rate : one.took / one.calls;
    one.share = one[key] / whole;
  }
  return all.sort((a, b) => b.share - a.share || b.took - a.took);
}

function addSocket(done, socket, waiting, was, seconds) {
  const sum = done.sockets.get(socket.name) ?? {
    name: socket.name, role: socket.role, in: 0, out: 0, dropped: 0, droppedRate: 0, blockedSeconds: 0,
    isBlocked: false, peers: 0, subscriptions: 0, fill: 0, queue: 0, hwm: 0, way: "",
  };
  const dropped = droppedOf(socket);
  sum.dropped += dropped;
  sum.blockedSeconds += socket.blocked_seconds;
  sum.isBlocked ||= socket.blocked;
  sum.peers += socket.peers;
  sum.subscriptions += socket.subscriptions;
  for (const [queue, hwm, way] of queuesOf(socket, waiting)) {
    const fill = queue && hwm ? Math.min(queue / hwm, 1) : 0;
    if (fill > sum.fill || (!sum.queue && !sum.fill && hwm >= sum.hwm)) Object.assign(sum, { fill, queue, hwm, way });
    else if (!hwm && queue > sum.queue && !sum.fill) Object.assign(sum, { queue, hwm: 0, way });
  }
  if (was && seconds) {
    sum.in += grown(socket.in, was.in, seconds);
    sum.out += grown(socket.out, was.out, seconds);
    sum.droppedRate += grown(dropped, droppedOf(was), seconds);
  }
  done.sockets.set(socket.name, sum);
  done.dropped += dropped;
  done.blockedSeconds += socket.blocked_seconds;
  done.isBlocked ||= socket.blocked;
}

/**
 * What waits at a socket, its mark, and which way. Of a connection libzmq knows less than half the mark not
 * from nothing; what waits on the links of the file is known exactly, at both ends together.
 */
function queuesOf({ fullest_out: out, fullest_in: received, hwm_send: send, hwm_receive: receive }, link) {
  const known = (queue, hwm) => (queue >= Math.ceil(hwm / 2) ? queue : 0);
  const found = [[known(out, send), send, "to go out"], [known(received, receive), receive, "to be received"]];
  if (link) found.push([link.waiting, Number.isFinite(link.room) ? link.room : 0, "on the way here"]);
  return found;
}

/**
 * What goes over each wire of the picture: a map from the wires to messages a second either way.
 * `wires` are `{from, fromSocket, to, toSocket}`, whose ends are nodes, copies or groups; an end that
 * is outside has no `from` or `to`. `owner(instance, node)` says under which name a copy is drawn,
 * `members(name)` which nodes a group has.
 */
export function flowing(now, before, wires, owner, members) {
  const seconds = Math.max(now.time - (before?.time ?? now.time), 0.05);
  const found = new Map(wires.map((wire) => [wire, { there: 0, back: 0, waiting: 0, dropped: 0, links: 0, isAbout: false }]));
  const byEnds = new Map();
  for (const wire of wires) byEnds.set(ends(wire.from, wire.fromSocket, wire.to, wire.toSocket), wire);
  const was = before?.links ?? new Map();
  const known = new Map();
  for (const [key, link] of now.links) {
    const [a, b] = [link.from, link.to].map(({ instance }) => owner(instance, now.instances.get(instance)?.node));
    const there = byEnds.get(ends(a, link.from.socket, b, link.to.socket));
    const wire = there ?? byEnds.get(ends(b, link.to.socket, a, link.from.socket));
    if (!wire) continue;
    const sum = found.get(wire);
    const old = was.get(key);
    const moved = old
      ? grown(link.received ?? link.sent, link.received != null ? old.received : old.sent, seconds)
      : 0;
    sum.links += 1;
    sum.waiting += link.waiting ?? 0;
    sum.dropped += link.dropped ?? 0;
    if (moved == null) sum.isAbout = true;
    else sum[there ? "there" : "back"] += moved;
    for (const [port, way] of [[link.from, "out"], [link.to, "in"]]) {
      const at = `${port.instance}\n${port.socket}\n${way}`;
      known.set(at, (known.get(at) ?? 0) + (moved ?? 0));
    }
  }
  fillIn(found, wires, now, before, known, members);
  return found;
}

function ends(...parts) {
  return parts.join("\n");
}

/** Wires to outside get what no link inside explains; what a link cannot know is shared out. */
function fillIn(found, wires, now, before, known, members) {
  const inside = (wire) => (wire.from ? [wire.from, wire.fromSocket, "out"] : [wire.to, wire.toSocket, "in"]);
  for (const wire of wires) {
    const sum = found.get(wire);
    const isOutside = !wire.from || !wire.to;
    if (!isOutside && !(sum.isAbout && sum.there + sum.back === 0)) continue;
    const [name, socket, way] = inside(wire);
    const nodes = members(name);
    const doingNow = doing(now, before, name, nodes).sockets.get(socket);
    if (!doingNow) continue;
    const unexplained = (direction) => {
      const explained = copiesOf(now, name, nodes).reduce(
        (all, copy) => all + (known.get(`${copy.instance}\n${socket}\n${direction}`) ?? 0), 0);
      const sharers = wires.filter((other) =>
        (other.from === name && other.fromSocket === socket) || (other.to === name && other.toSocket === socket));
      const equals = sharers.filter((other) => (!other.from || !other.to) === isOutside).length;
      return Math.max(0, doingNow[direction] - (isOutside ? explained : 0)) / Math.max(1, equals);
    };
    sum.there = unexplained(way);
    if (isOutside) sum.back = unexplained(way === "out" ? "in" : "out");
    sum.peers = isOutside ? outsiders(now, name, socket, nodes) : 0;
  }
}

let partners = {};

/** The sockets of this run that each of its sockets is linked with, over what counts peers. */
function partnersIn(sample) {
  if (partners.of === sample) return partners.found;
  const found = new Map();
  for (const { from, to, endpoint } of sample.links.values()) {
    if (endpoint.startsWith("inproc:")) continue;
    const keys = [from, to].map(({ instance, socket }) => `${instance}\n${socket}`);
    keys.forEach((key, at) => found.set(key, (found.get(key) ?? new Set()).add(keys[1 - at])));
  }
  partners = { of: sample, found };
  return found;
}

/** How many peers of a socket are no sockets of this run. */
export function outsiders(sample, name, socket, members) {
  let peers = 0;
  for (const copy of copiesOf(sample, name, members)) {
    const own = copy.sockets.find((one) => one.name === socket);
    if (own) peers += Math.max(0, own.peers - (partnersIn(sample).get(`${copy.instance}\n${socket}`)?.size ?? 0));
  }
  return peers;
}

/** A figure over the samples: `[seconds ago, value]` pairs; `of` takes what copies did. */
export function series(samples, name, of, members) {
  return pairs(samples).map(([before, now, ago]) => [ago, of(doing(now, before, name, members))]);
}

/** Rates are of a time that long: of less, a node that ticks twice a second would seem to jump. */
export const RATE_SECONDS = 1.4;

/** Each sample with the one that its rates are measured from, and how old it is. */
export function pairs(samples) {
  const found = [];
  const end = samples.at(-1)?.time ?? 0;
  let from = 0;
  for (let at = 1; at < samples.length; at += 1) {
    const now = samples[at];
    while (from + 1 < at && now.time - samples[from + 1].time >= RATE_SECONDS) from += 1;
    const before = samples[from];
    if (now.seconds < before.seconds) from = at;
    else if (now.time - before.time < 30) found.push([before, now, end - now.time]);
  }
  return found;
}

// Where the figures of wires stand in the picture, so that they cover neither words nor boxes. Pure but for measuring paths.

const ROOM = { width: 66, height: 13 };
const TRIES = [0.72, 0.8, 0.64, 0.56, 0.86, 0.48, 0.4, 0.32, 0.24, 0.16];

/** Below its wire, or else above it, and farther. */
const LIFTS = [15, -6, -18, 27];
/** Of more wires than that nobody looks whether a word lies on one. */
const WIRES = 150;

/** Places for the figure of each wire, `{x, y}` of its middle; and for the subscriptions of publishers, by socket. */
export function places(scene) {
  const taken = [];
  for (const text of scene.svg.querySelectorAll("text")) {
    const { x, y, width, height } = text.getBBox();
    taken.push({ x, y, width, height });
  }
  for (const { box } of scene.nodes.values()) taken.push(box);
  for (const outside of scene.outsides) taken.push(outside.getBBox());
  const grid = new Grid(taken);
  const lines = new Grid([]);
  for (const { path } of scene.wires.length > WIRES ? [] : scene.wires) {
    for (let at = path.getTotalLength(); at > 0; at -= 6) {
      const { x, y } = path.getPointAtLength(at);
      lines.add({ x: x - 1, y: y - 1, width: 2, height: 2 });
    }
  }
  const wished = new Map();
  for (const { sockets } of scene.nodes.values()) {
    for (const socket of sockets.values()) {
      if (!socket.dot || !/^x?pub$/.test(socket.role)) continue;
      const { dot: { x, y }, isLeft } = socket;
      const tries = LIFTS.map((lift) => ({ x: x + (isLeft ? -10 : 10), y: y + lift }));
      const rooms = tries.map((at) => ({ x: at.x - (isLeft ? 70 : 0), y: at.y - 9, width: 70, height: 11 }));
      const covered = rooms.map((room) => grid.covered(room) + lines.covered(room));
      const best = covered.indexOf(Math.min(...covered));
      grid.add(rooms[best]);
      wished.set(socket, tries[best]);
    }
  }
  const ends = new Map();
  const key = (node, socket) => `${node}\n${socket}`;
  for (const { from, fromSocket, to, toSocket } of scene.wires) {
    for (const end of [key(from, fromSocket), key(to, toSocket)]) ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const figures = scene.wires.map((wire) => {
    // Where many wires meet nobody would know whose figure it is.
    const [from, to] = [ends.get(key(wire.from, wire.fromSocket)), ends.get(key(wire.to, wire.toSocket))];
    const place = best(wire.path, grid, (from < to) !== wire.isTurned);
    grid.add(around(place));
    return place;
  });
  return { figures, wished };
}

function best(path, grid, isAtBeginning) {
  const length = path.getTotalLength();
  let least = null;
  for (const share of TRIES) {
    const at = path.getPointAtLength(length * (isAtBeginning ? 1 - share : share));
    for (const lift of [-10, 10, 0]) {
      const place = { x: at.x, y: at.y + lift };
      const covered = grid.covered(around(place));
      if (covered === 0) return place;
      if (!least || covered < least.covered) least = { place, covered };
    }
  }
  return least.place;
}

function around({ x, y }) {
  return { x: x - ROOM.width / 2, y: y - ROOM.height / 2, ...ROOM };
}

/** Rectangles by squares of the picture, so that a thousand need not be compared with a thousand. */
class Grid {
  #cells = new Map();

  constructor(rectangles) {
    for (const one of rectangles) this.add(one);
  }

  add(rectangle) {
    for (const key of Grid.#keys(rectangle)) {
      const cell = this.#cells.get(key);
      if (cell) cell.push(rectangle);
      else this.#cells.set(key, [rectangle]);
    }
  }

  covered(place) {
    let sum = 0;
    for (const key of Grid.#keys(place)) {
      for (const one of this.#cells.get(key) ?? []) {
        const across = Math.min(one.x + one.width, place.x + place.width) - Math.max(one.x, place.x);
        const down = Math.min(one.y + one.height, place.y + place.height) - Math.max(one.y, place.y);
        if (across > 0 && down > 0) sum += across * down;
      }
    }
    return sum;
  }

  static *#keys({ x, y, width, height }) {
    for (let column = Math.floor(x / 80); column <= Math.floor((x + width) / 80); column += 1) {
      for (let row = Math.floor(y / 80); row <= Math.floor((y + height) / 80); row += 1) yield `${column} ${row}`;
    }
  }
}

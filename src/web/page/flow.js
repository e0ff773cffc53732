// The moving line on each wire: dots on a canvas above the picture. Knows rates, not what they are of.

const GAP = 22;

/** How fast and how heavy a rate looks: pixels a second and the width of the dots. */
export function look(rate) {
  if (!rate) return null;
  const weight = Math.log10(1 + rate);
  return { speed: 14 + 32 * weight, width: Math.min(2.6 + 1.1 * weight, 8) };
}

/** A canvas that follows a scrolled picture: `show(scene)`, `rates(found)`, and it moves by itself. */
export class Flow {
  #canvas = document.createElement("canvas");
  #viewport;
  #scene = null;
  #lines = [];
  #last = 0;
  #isRunning = false;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  /** Frames drawn so far, for whoever measures. */
  frames = 0;

  constructor(viewport) {
    this.#viewport = viewport;
    this.#canvas.className = "flow";
    this.#canvas.setAttribute("aria-hidden", "true");
    // Without a size of its own, so that it does not keep the picture larger than it is.
    const room = document.createElement("div");
    room.className = "flow-room";
    room.append(this.#canvas);
    viewport.prepend(room);
    this.#still.addEventListener("change", () => this.#wake());
    document.addEventListener("visibilitychange", () => this.#wake());
  }

  show(scene) {
    this.#scene = scene;
    this.#lines = scene.wires.map((wire) => ({
      shape: new Path2D(wire.shape),
      box: wire.path.getBBox(),
      colour: getComputedStyle(wire.path).stroke,
      there: null,
      back: null,
      offset: 0,
      returned: 0,
    }));
  }

  /** The colours of the picture are other ones. */
  recolour() {
    this.#lines.forEach((line, at) => {
      line.colour = getComputedStyle(this.#scene.wires[at].path).stroke;
    });
  }

  /** `rates[n]` is `{there, back}` of wire n in messages a second. */
  rates(rates) {
    rates.forEach(({ there, back }, at) => {
      const line = this.#lines[at];
      // The path runs from left to right, whoever sends.
      const isTurned = this.#scene.wires[at].isTurned;
      line.there = look(isTurned ? back : there);
      line.back = look(isTurned ? there : back);
    });
    this.#wake();
  }

  #wake() {
    const moves = this.#lines.some(({ there, back }) => there || back);
    if (this.#isRunning || document.hidden) return;
    if (!moves || this.#still.matches) {
      this.#clear();
      return;
    }
    this.#isRunning = true;
    this.#last = performance.now();
    requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    const moves = this.#lines.some(({ there, back }) => there || back);
    if (!moves || this.#still.matches || document.hidden || !this.#scene) {
      this.#isRunning = false;
      this.#clear();
      return;
    }
    const seconds = Math.min((now - this.#last) / 1000, 0.1);
    this.#last = now;
    this.#draw(seconds);
    this.frames += 1;
    requestAnimationFrame((next) => this.#frame(next));
  }

  #clear() {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
  }

  #draw(seconds) {
    const { clientWidth, clientHeight } = this.#viewport;
    const density = Math.min(devicePixelRatio || 1, 2);
    const canvas = this.#canvas;
    if (canvas.width !== Math.round(clientWidth * density) || canvas.height !== Math.round(clientHeight * density)) {
      canvas.width = Math.round(clientWidth * density);
      canvas.height = Math.round(clientHeight * density);
      canvas.style.width = `${clientWidth}px`;
      canvas.style.height = `${clientHeight}px`;
    }
    this.#clear();
    const frame = this.#viewport.getBoundingClientRect();
    const shown = this.#scene.svg.getBoundingClientRect();
    const scale = shown.width / this.#scene.width;
    const [left, top] = [shown.left - frame.left, shown.top - frame.top];
    const context = canvas.getContext("2d");
    context.setTransform(density * scale, 0, 0, density * scale, density * left, density * top);
    context.lineCap = "round";
    for (const line of this.#lines) {
      if (!line.there && !line.back) continue;
      const { box } = line;
      const [x, y] = [box.x * scale + left, box.y * scale + top];
      if (x > clientWidth || y > clientHeight || x + box.width * scale < 0 || y + box.height * scale < 0) continue;
      context.strokeStyle = line.colour;
      if (line.there) {
        line.offset = (line.offset + line.there.speed * seconds) % GAP;
        dots(context, line.shape, -line.offset, line.there.width);
      }
      if (line.back) {
        line.returned = (line.returned + line.back.speed * seconds) % GAP;
        dots(context, line.shape, line.returned + GAP / 2, line.back.width);
      }
    }
  }
}

function dots(context, shape, offset, width) {
  context.setLineDash([0.01, GAP]);
  context.lineDashOffset = offset;
  context.lineWidth = width + 1;
  context.stroke(shape);
}

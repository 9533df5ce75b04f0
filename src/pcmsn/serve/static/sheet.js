// The drawing as it is seen on the screen and as it is sent: two papers that always show the same.

import { Paper } from "./paper.js";
import { pngOf } from "./pictures.js";

const SENT_SIDE = 384;
const LEAST_DENSITY = 2; // pixels of the canvas per CSS pixel; with fewer the joints of a thin stroke show

export class Sheet {
  #live = null;

  constructor(canvas, drawing) {
    this.drawing = drawing;
    this.seen = new Paper(canvas);
    this.sent = new Paper(document.createElement("canvas"), { readOften: true });
    this.sent.resize(SENT_SIDE);
    drawing.addEventListener("change", (event) => this.#follow(event.detail.added));
    new ResizeObserver(() => this.#fit()).observe(canvas);
    addEventListener("resize", () => this.#fit());
    this.#fit();
  }

  /** The stroke that is being drawn, from point number `from` on. */
  grow(stroke, from) {
    this.#live = stroke;
    for (const paper of this.#papers) paper.extend(stroke, from);
  }

  finish(stroke) {
    for (const paper of this.#papers) paper.finish(stroke);
    this.drawing.add(stroke);
    this.#live = null;
  }

  get hasInk() {
    return this.sent.hasInk();
  }

  /** What is on the paper as a PNG of 384 x 384 pixels. */
  png() {
    return pngOf(this.sent.canvas);
  }

  get #papers() {
    return [this.seen, this.sent];
  }

  #follow(added) {
    if (added && added === this.#live) return;
    for (const paper of this.#papers) added ? paper.paint(added) : paper.replay(this.drawing.visible);
  }

  #fit() {
    const side = Math.round(this.seen.canvas.clientWidth * Math.max(LEAST_DENSITY, devicePixelRatio));
    if (side === 0 || side === this.seen.canvas.width) return;
    this.seen.resize(side);
    this.seen.replay(this.drawing.visible);
    if (this.#live) this.seen.extend(this.#live, 0);
  }
}

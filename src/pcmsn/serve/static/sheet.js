// The drawing as it is seen on the screen and as it is sent: two papers that always show the same.

import { Paper } from "./paper.js";
import { pngOf } from "./pictures.js";

const SENT_SIDE = 384;
// The form of the drawings that models learned from, as pcmsn.data.strokes renders them: parts of the sent side.
const MARGIN = 1 / 16;
const LINE_WIDTH = 1 / 56;
const LEAST_DENSITY = 2; // pixels of the canvas per CSS pixel; with fewer the joints of a thin stroke show

export class Sheet {
  #live = null;

  constructor(canvas, drawing) {
    this.drawing = drawing;
    this.seen = new Paper(canvas);
    this.sent = new Paper(document.createElement("canvas"), { readOften: true });
    this.sent.resize(SENT_SIDE);
    this.fitted = new Paper(document.createElement("canvas"));
    this.fitted.resize(SENT_SIDE);
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

  /** The drawing as a PNG of 384 x 384 pixels: `whole`, or as models know drawings, fitted and with lines of one width. */
  png({ whole = false } = {}) {
    const actions = this.#live ? [...this.drawing.visible, this.#live] : this.drawing.visible;
    const strokes = actions.filter((action) => action.kind === "stroke");
    const hasPicture = actions.some((action) => action.kind === "picture");
    return whole || hasPicture ? pngOf(this.sent.canvas) : pngOf(this.#paintFitted(strokes));
  }

  #paintFitted(strokes) {
    const points = strokes.filter(({ tool }) => tool !== "eraser").flatMap((stroke) => stroke.points);
    const [low, high] = [Math.min, Math.max].map((most) => [0, 1].map((axis) => points.reduce((found, point) => most(found, point[axis]), points[0][axis])));
    const side = Math.max(1, high[0] - low[0], high[1] - low[1]) / (1 - 2 * MARGIN);
    this.fitted.frame((low[0] + high[0] - side) / 2, (low[1] + high[1] - side) / 2, side);
    const width = LINE_WIDTH * side;
    const line = (stroke) => ({ ...stroke, width, points: stroke.points.map(([x, y]) => [x, y, 1]) });
    this.fitted.replay(strokes.map((stroke) => (stroke.tool === "eraser" ? stroke : line(stroke))));
    return this.fitted.canvas;
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

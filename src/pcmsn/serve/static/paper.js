// Paper: a canvas on which actions (strokes, pictures, clearing) are painted, at any number of pixels.
// Coordinates run from 0 to UNITS over the side, so that a drawing does not depend on the window.

export const UNITS = 1000;
export const PAPER_COLOUR = "#ffffff";
export const INK_COLOUR = "#111111";

export class Paper {
  constructor(canvas, { readOften = false } = {}) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false, willReadFrequently: readOften });
  }

  /** Set the side in pixels; the paper is blank afterwards. */
  resize(pixels) {
    this.canvas.width = pixels;
    this.canvas.height = pixels;
    this.frame(0, 0, UNITS);
    this.context.lineCap = "round";
    this.context.lineJoin = "round";
    this.context.imageSmoothingQuality = "high";
    this.wipe();
  }

  /** Show the square of a side at a place, all in units, instead of the whole paper. */
  frame(left, top, side) {
    const scale = this.canvas.width / side;
    this.context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
  }

  wipe() {
    this.context.save();
    this.context.resetTransform();
    this.context.fillStyle = PAPER_COLOUR;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.restore();
  }

  /** Paint a drawing from the start. */
  replay(actions) {
    this.wipe();
    for (const action of actions) this.paint(action);
  }

  paint(action) {
    if (action.kind === "stroke") {
      this.extend(action, 0);
      this.finish(action);
    } else {
      this.wipe();
      if (action.kind === "picture") this.context.drawImage(action.image, ...action.place);
    }
  }

  /** Paint the points of a stroke from number `from` on; a stroke grown in steps looks the same as one painted whole. */
  extend(stroke, from) {
    const { points } = stroke;
    this.#prepare(stroke);
    for (let index = from; index < points.length; index++) {
      if (index === 0) this.#dot(points[0], stroke);
      else if (index === 1) this.#line(points[0], middle(points[0], points[1]), stroke);
      else this.#curve(points[index - 2], points[index - 1], points[index], stroke);
    }
  }

  /** Paint the last half step of a stroke, to its last point. */
  finish(stroke) {
    const { points } = stroke;
    if (points.length < 2) return;
    this.#prepare(stroke);
    this.#line(middle(points.at(-2), points.at(-1)), points.at(-1), stroke);
  }

  #prepare(stroke) {
    const colour = stroke.tool === "eraser" ? PAPER_COLOUR : INK_COLOUR;
    this.context.strokeStyle = colour;
    this.context.fillStyle = colour;
  }

  #dot([x, y, pressure], stroke) {
    this.context.beginPath();
    this.context.arc(x, y, (stroke.width * pressure) / 2, 0, 2 * Math.PI);
    this.context.fill();
  }

  #line(start, end, stroke) {
    this.context.lineWidth = stroke.width * end[2];
    this.context.beginPath();
    this.context.moveTo(start[0], start[1]);
    this.context.lineTo(end[0], end[1]);
    this.context.stroke();
  }

  #curve(before, corner, after, stroke) {
    const start = middle(before, corner);
    const end = middle(corner, after);
    this.context.lineWidth = stroke.width * corner[2];
    this.context.beginPath();
    this.context.moveTo(start[0], start[1]);
    if (isSharp(before, corner, after)) {
      this.context.lineTo(corner[0], corner[1]);
      this.context.lineTo(end[0], end[1]);
    } else {
      this.context.quadraticCurveTo(corner[0], corner[1], end[0], end[1]);
    }
    this.context.stroke();
  }

  /** Whether anything but paper is to be seen. Costs a read of all pixels. */
  hasInk() {
    const { data } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    for (let index = 0; index < data.length; index += 4) {
      if (data[index] < 245 || data[index + 1] < 245 || data[index + 2] < 245) return true;
    }
    return false;
  }
}

function middle(one, other) {
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2, (one[2] + other[2]) / 2];
}

/** Whether a stroke turns by more than 60 degrees: then somebody meant a corner. */
function isSharp(before, corner, after) {
  const [x, y] = [corner[0] - before[0], corner[1] - before[1]];
  const [nextX, nextY] = [after[0] - corner[0], after[1] - corner[1]];
  return x * nextX + y * nextY < 0.5 * Math.hypot(x, y) * Math.hypot(nextX, nextY);
}

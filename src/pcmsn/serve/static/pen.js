// From pointer and keys to strokes on the paper.

import { UNITS } from "./paper.js";

const LEAST_STEP = 1.5; // in the paper's units, as the steps of keys
const ERASER_BUTTON = 32; // in the buttons of a pointer event: the other end of a stylus
const KEY_STEP = 12;
const LARGE_KEY_STEP = 60;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Follows one pointer (or the arrow keys) over the canvas.
 *
 * hands = {begin(stroke), grow(stroke, from), end(stroke)} are told of the stroke; tools = {tool, width} is asked for
 * what draws. `tip` is the ring that shows where and how wide.
 */
export class Pen {
  #stroke = null;
  #pointer = null;
  #box = null;
  #place = [UNITS / 2, UNITS / 2];

  constructor(canvas, tip, tools, hands) {
    this.canvas = canvas;
    this.tip = tip;
    this.tools = tools;
    this.hands = hands;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, (event) => event.pointerId === this.#pointer && this.#end());
    }
    canvas.addEventListener("pointerleave", () => this.#pointer === null && this.#hideTip());
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => {
      this.lift();
      canvas.classList.remove("pointed");
    });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** End the stroke that is being drawn, if any. */
  lift() {
    if (this.#stroke) this.#end();
    this.#hideTip();
  }

  #down(event) {
    if (this.#stroke || (event.pointerType === "mouse" && event.button !== 0)) return;
    event.preventDefault();
    this.canvas.classList.add("pointed");
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#box = this.canvas.getBoundingClientRect();
    this.#begin(this.#pointOf(event), (event.buttons & ERASER_BUTTON) !== 0);
    this.#showTip(event);
  }

  #move(event) {
    if (this.#pointer === null) this.#box = this.canvas.getBoundingClientRect();
    if (this.#pointer === event.pointerId) {
      const events = event.getCoalescedEvents?.() ?? [];
      this.#grow((events.length ? events : [event]).map((part) => this.#pointOf(part)));
    }
    if (this.#pointer === null || this.#pointer === event.pointerId) this.#showTip(event);
  }

  #key(event) {
    const arrow = ARROWS[event.key];
    if (arrow && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const step = event.shiftKey ? LARGE_KEY_STEP : KEY_STEP;
      this.#place = this.#place.map((value, axis) => Math.min(UNITS, Math.max(0, value + arrow[axis] * step)));
      if (this.#stroke && this.#pointer === null) this.#grow([[...this.#place, 1]]);
    } else if (event.key === " ") {
      if (!this.#stroke) this.#begin([...this.#place, 1], false);
      else if (this.#pointer === null) this.#end();
    } else {
      return;
    }
    event.preventDefault();
    this.canvas.classList.remove("pointed");
    this.#placeTip(...this.#place);
  }

  #begin(point, erases) {
    const tool = erases ? "eraser" : this.tools.tool;
    this.#stroke = { kind: "stroke", tool, width: this.tools.widthOf(tool), points: [point] };
    this.hands.begin(this.#stroke);
  }

  #grow(points) {
    const from = this.#stroke.points.length;
    for (const point of points) {
      const [x, y] = this.#stroke.points.at(-1);
      if (Math.hypot(point[0] - x, point[1] - y) >= LEAST_STEP) this.#stroke.points.push(point);
    }
    if (this.#stroke.points.length > from) this.hands.grow(this.#stroke, from);
  }

  #end() {
    const stroke = this.#stroke;
    this.#stroke = null;
    this.#pointer = null;
    if (!stroke) return;
    this.#place = stroke.points.at(-1).slice(0, 2);
    this.hands.end(stroke);
  }

  /** [x, y, share of the stroke's width]; only a stylus tells its pressure truly. */
  #pointOf(event) {
    const x = ((event.clientX - this.#box.left) / this.#box.width) * UNITS;
    const y = ((event.clientY - this.#box.top) / this.#box.height) * UNITS;
    const share = event.pointerType === "pen" && event.pressure > 0 ? 0.4 + 1.2 * event.pressure : 1;
    return [x, y, share].map((value) => Math.round(value * 100) / 100);
  }

  #showTip(event) {
    if (event.pointerType === "touch") return;
    const [x, y] = this.#pointOf(event);
    this.#placeTip(x, y);
  }

  #placeTip(x, y) {
    const side = this.canvas.clientWidth / UNITS;
    const width = Math.max(6, this.tools.widthOf(this.tools.tool) * side);
    this.tip.hidden = false;
    this.tip.style.width = `${width}px`;
    this.tip.style.height = `${width}px`;
    this.tip.style.transform = `translate(${x * side - width / 2}px, ${y * side - width / 2}px)`;
  }

  #hideTip() {
    this.tip.hidden = true;
  }
}

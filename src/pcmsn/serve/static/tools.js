// Which tool draws, and how wide; kept for this tab.

import { keep, kept } from "./kept.js";

const KEY = "pcmsn-tools";
const WIDTH_STEP = 4;

export class Tools {
  tool = "pen";
  #widths = { pen: 10, eraser: 48 };

  constructor({ pen, eraser, width }) {
    this.buttons = { pen, eraser };
    this.width = width;
    this.#restore();
    pen.addEventListener("click", () => this.choose("pen"));
    eraser.addEventListener("click", () => this.choose("eraser"));
    width.addEventListener("input", () => this.#setWidth(Number(width.value)));
    this.choose(this.tool);
  }

  /** Width of a tool's strokes in the paper's units. */
  widthOf(tool) {
    return this.#widths[tool];
  }

  choose(tool) {
    this.tool = tool;
    for (const [name, button] of Object.entries(this.buttons)) button.setAttribute("aria-pressed", String(name === tool));
    this.#setWidth(this.#widths[tool]);
  }

  /** Thicker (1) or thinner (-1). */
  change(way) {
    this.#setWidth(this.#widths[this.tool] + way * WIDTH_STEP);
  }

  #setWidth(width) {
    this.#widths[this.tool] = Math.min(Number(this.width.max), Math.max(Number(this.width.min), width));
    this.width.value = this.#widths[this.tool];
    this.width.setAttribute("aria-label", `Width of the ${this.tool}`);
    keep(KEY, { tool: this.tool, widths: this.#widths });
  }

  #restore() {
    const { tool, widths } = kept(KEY) ?? {};
    if (tool in this.#widths) this.tool = tool;
    for (const name of Object.keys(this.#widths)) this.#widths[name] = Number(widths?.[name]) || this.#widths[name];
  }
}

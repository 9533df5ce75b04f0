// The drawing: a list of actions of which the first `done` are to be seen. Undo and redo move `done`.
// An action is {kind: "stroke", tool, width, points: [[x, y, pressure], ...]}, {kind: "picture", source, place, image}
// or {kind: "clear"}.

import { keep, kept } from "./kept.js";
import { imageOf } from "./pictures.js";

const KEY = "pcmsn-drawing";
const FORMAT = 1;

export class Drawing extends EventTarget {
  #actions = [];
  #done = 0;
  #saving = 0;

  get canUndo() {
    return this.#done > 0;
  }

  get canRedo() {
    return this.#done < this.#actions.length;
  }

  /** The actions to be painted, from the last one that covers the whole paper. */
  get visible() {
    const done = this.#actions.slice(0, this.#done);
    const cover = done.findLastIndex((action) => action.kind !== "stroke");
    return done.slice(Math.max(cover, 0));
  }

  /** Whether nothing was put on the paper, or all of it cleared. */
  get isEmpty() {
    return this.visible.every((action) => action.kind === "clear");
  }

  add(action) {
    this.#actions.length = this.#done;
    this.#actions.push(action);
    this.#move(this.#done + 1, { added: action });
  }

  undo() {
    if (this.canUndo) this.#move(this.#done - 1);
  }

  redo() {
    if (this.canRedo) this.#move(this.#done + 1);
  }

  clear() {
    if (!this.isEmpty) this.add({ kind: "clear" });
  }

  #move(done, { added = null } = {}) {
    this.#done = done;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.save(), 250);
    this.dispatchEvent(new CustomEvent("change", { detail: { added } }));
  }

  /** Keep the drawing for a reload of this tab; without its history where that is too large. */
  save() {
    clearTimeout(this.#saving);
    const whole = { format: FORMAT, actions: this.#actions.map(withoutImage), done: this.#done };
    const visible = this.visible.map(withoutImage);
    keep(KEY, whole) || keep(KEY, { format: FORMAT, actions: visible, done: visible.length }) || keep(KEY, null);
  }

  /** Take up what the last page of this tab left; a drawing that cannot be read is left out. */
  async restore() {
    const found = kept(KEY);
    if (found?.format !== FORMAT) return;
    try {
      for (const action of found.actions) {
        if (action.kind === "picture") action.image = await imageOf(action.source);
      }
    } catch {
      return;
    }
    this.#actions = [...found.actions, ...this.#actions];
    this.#move(found.done + this.#done);
  }
}

function withoutImage({ image, ...rest }) {
  return rest;
}

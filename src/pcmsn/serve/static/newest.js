// Runs jobs of which only the newest counts.

import { Trouble } from "./api.js";

const AT_ONCE = 2;

/** A job is {run(signal): Promise, show(result)}.
 *
 * Two run at a time and one more waits, which a newer one replaces: strokes that come quicker than answers still bring
 * pictures, and the last stroke is never more than one answer away. An answer that is older than the one shown is dropped.
 */
export class Newest extends EventTarget {
  #asked = 0;
  #shown = 0;
  #running = new Map();
  #waiting = null;
  #retry = 0;
  #last = null;
  #closedUntil = 0;

  /** Run a job; `alone` gives up all that run, because their answers would be wrong, not only older. */
  ask(job, { alone = false } = {}) {
    if (alone) this.#abandon();
    this.#last = job;
    this.#waiting = { ...job, number: ++this.#asked };
    this.#start();
  }

  /** Run the newest job once more, without waiting for what the server asked for. */
  again() {
    this.#closedUntil = 0;
    if (this.#last) this.ask(this.#last, { alone: true });
  }

  get isBusy() {
    return this.#running.size > 0 || this.#waiting !== null;
  }

  #abandon() {
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
    this.#shown = this.#asked;
  }

  #start() {
    clearTimeout(this.#retry);
    const rest = this.#closedUntil - Date.now();
    if (this.#waiting && rest > 0) {
      this.#retry = setTimeout(() => this.#start(), rest);
    } else if (this.#waiting && this.#running.size < AT_ONCE) {
      const job = this.#waiting;
      this.#waiting = null;
      this.#run(job);
    }
    this.dispatchEvent(new Event("busy"));
  }

  async #run(job) {
    const controller = new AbortController();
    this.#running.set(job, controller);
    try {
      const result = await job.run(controller.signal);
      if (job.number > this.#shown && !controller.signal.aborted) {
        this.#shown = job.number;
        this.dispatchEvent(new Event("answer"));
        job.show(result);
      }
    } catch (error) {
      if (!controller.signal.aborted) this.#fail(job, error);
    } finally {
      this.#running.delete(job);
      this.#start();
    }
  }

  #fail(job, error) {
    if (!(error instanceof Trouble)) throw error;
    if (error.again !== null) this.#closedUntil = Date.now() + error.again * 1000;
    if (job.number !== this.#asked) return;
    this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    if (error.again !== null) this.#waiting ??= { ...this.#last, number: ++this.#asked };
  }
}

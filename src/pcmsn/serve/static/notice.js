// One line above the photos that says what went wrong and what happens next.

export class Notice {
  #kind = null;

  /** box holds the elements of index.html; retry() is called by its button. */
  constructor(box, retry) {
    this.box = box;
    this.text = box.querySelector("p");
    this.button = box.querySelector("button");
    this.button.addEventListener("click", () => {
      this.clear();
      retry();
    });
    box.querySelector(".icon").addEventListener("click", () => this.clear());
    this.clear();
  }

  /** A trouble of the server (api.js). */
  trouble(trouble) {
    const next = trouble.again === null ? "" : " Trying again by itself.";
    this.#show("server", trouble.message + next, trouble.canRetry);
  }

  /** A file that is not used. */
  refusal(error) {
    this.#show("file", error.message, false);
  }

  /** Take away what was said of one kind ("server", "file"), or whatever is there. */
  clear(kind = this.#kind) {
    if (kind !== this.#kind) return;
    this.#kind = null;
    this.text.textContent = "";
    this.box.classList.remove("shown");
  }

  #show(kind, text, canRetry) {
    this.#kind = kind;
    this.button.hidden = !canRetry;
    if (this.text.textContent !== text) this.text.textContent = text;
    this.box.classList.add("shown");
  }
}

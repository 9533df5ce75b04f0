// The choice of one label, or all: a field with a list that typing narrows.

const MOST_SHOWN = 200;
const FEW = 8; // labels for which nobody needs to type, so that phones show no keyboard
const MOST_HIGH = 408; // CSS pixels, as the next
const LEAST_HIGH = 208;
const SUGGESTED = 3;
const NAME_OF_A_THING = /^\p{L}[\p{L} '-]{1,19}$/u; // not a date, a code or a sentence

export class LabelChoice {
  #labels = [];
  #active = -1;
  /** The label chosen; null for all, empty for photos without one. */
  chosen = null;

  /** box holds the elements of index.html; changed() is called after a choice. */
  constructor(box, changed) {
    this.box = box;
    this.changed = changed;
    this.field = box.querySelector("input");
    this.list = box.querySelector("ul");
    this.all = box.querySelector("button");
    this.field.addEventListener("focus", () => this.field.select());
    this.field.addEventListener("click", () => this.#open());
    this.field.addEventListener("input", () => this.#open(this.field.value));
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("blur", () => this.#close());
    this.all.addEventListener("click", () => {
      this.#choose(null);
      this.field.focus();
    });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(this.#valueOf(option));
    });
  }

  /** labels: [{label, photos}, ...] of the gallery; without two of them there is nothing to choose. */
  offer(labels) {
    this.#labels = labels;
    this.box.hidden = labels.length < 2;
    this.field.inputMode = labels.length > FEW ? "search" : "none";
  }

  get photos() {
    return this.#labels.find(({ label }) => label === this.chosen)?.photos ?? null;
  }

  focus() {
    if (this.box.hidden) return;
    this.field.focus();
    this.#open();
  }

  #choose(label) {
    const isNew = label !== this.chosen;
    this.chosen = label;
    this.#close();
    if (isNew) this.changed();
  }

  #open(text = "") {
    const wanted = text.trim().toLocaleLowerCase();
    const fitting = this.#labels.filter(({ label }) => nameOf(label).toLocaleLowerCase().includes(wanted));
    const options = fitting.slice(0, MOST_SHOWN).map((entry) => this.#option(entry));
    if (!wanted) options.unshift(this.#option({ label: null, photos: null }));
    const left = fitting.length - MOST_SHOWN;
    this.list.replaceChildren(...options);
    if (!options.length) this.list.append(note(`No label has “${text.trim()}” in its name.`));
    if (left > 0) this.list.append(note(`and ${left} more: type to find them`));
    const room = innerHeight - this.field.getBoundingClientRect().bottom - 24;
    this.list.style.maxHeight = `${Math.max(LEAST_HIGH, Math.min(MOST_HIGH, room))}px`;
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    const chosen = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    this.#mark(wanted && options.length ? 0 : chosen);
  }

  #close() {
    this.list.hidden = true;
    this.field.value = this.chosen === null ? "" : nameOf(this.chosen);
    this.all.hidden = this.chosen === null;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  #option({ label, photos }) {
    const option = document.createElement("li");
    option.role = "option";
    option.id = label === null ? "label-of-all" : `label-${this.#labels.findIndex((entry) => entry.label === label)}`;
    option.setAttribute("aria-selected", String(label === this.chosen));
    const name = document.createElement("span");
    name.textContent = label === null ? "All labels" : nameOf(label);
    option.append(name);
    if (photos !== null) {
      const count = document.createElement("small");
      count.textContent = photos.toLocaleString("en");
      option.append(count);
    }
    return option;
  }

  #valueOf(option) {
    return option.id === "label-of-all" ? null : this.#labels[Number(option.id.slice("label-".length))].label;
  }

  #mark(number) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    options.forEach((option, place) => option.classList.toggle("active", place === number));
    this.#active = number;
    if (number < 0 || !options[number]) return;
    this.field.setAttribute("aria-activedescendant", options[number].id);
    options[number].scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.key === "Escape" && !this.list.hidden) {
      this.#close();
    } else if (event.key === "Enter" && !this.list.hidden) {
      const option = this.list.querySelectorAll("[role=option]")[this.#active];
      if (option) this.#choose(this.#valueOf(option));
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.list.hidden) this.#open();
      else this.#step(event.key === "ArrowDown" ? 1 : -1);
    } else {
      return;
    }
    event.preventDefault();
  }

  #step(way) {
    const count = this.list.querySelectorAll("[role=option]").length;
    if (count) this.#mark((this.#active + way + count) % count);
  }
}

export function nameOf(label) {
  return label === "" ? "without label" : label;
}

/** A few labels that name something to draw, as words, spread over all that do. */
export function suggestionsOf(labels) {
  const things = labels.map(({ label }) => label.replaceAll("_", " ")).filter((name) => NAME_OF_A_THING.test(name));
  const count = Math.min(SUGGESTED, things.length);
  return Array.from({ length: count }, (_, place) => things[Math.floor(((place + 0.5) * things.length) / count)]);
}

function note(text) {
  const item = document.createElement("li");
  item.role = "presentation";
  item.className = "note";
  item.textContent = text;
  return item;
}

// The grid of photos. The old grid stays until the first photos of the new one are loaded, and a photo that stays in
// the grid keeps its element, so nothing flickers.

import { thumbnailAddress } from "./api.js";

const LONGEST_WAIT = 100; // milliseconds for the first photos of a new grid; then it is shown as it is

export class Results {
  #cells = new Map();
  #turn = 0;
  photos = [];

  /** list: the <ul>; open(number) is called when a photo is chosen. */
  constructor(list, open) {
    this.list = list;
    this.open = open;
    list.addEventListener("click", (event) => {
      const number = this.#numberOf(event.target);
      if (number >= 0) this.open(number);
    });
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#makeStop(this.#numberOf(event.target)));
  }

  /** Show photos in place of those there; false where a newer call came before they were loaded. */
  async show(photos) {
    const turn = ++this.#turn;
    const inSight = this.#inSight();
    const cells = photos.map((photo, number) => this.#cells.get(photo.id) ?? newCell(photo, number < inSight));
    await Promise.race([Promise.all(cells.slice(0, inSight).map(loaded)), pause(LONGEST_WAIT)]);
    if (turn !== this.#turn) return false;
    const stop = this.list.contains(document.activeElement) ? document.activeElement.closest("li") : null;
    this.photos = photos;
    this.#cells = new Map(photos.map((photo, number) => [photo.id, cells[number]]));
    cells.forEach((cell, number) => {
      cell.firstChild.tabIndex = number === 0 ? 0 : -1;
      if (this.list.children[number] !== cell) this.list.insertBefore(cell, this.list.children[number] ?? null);
    });
    while (this.list.children.length > cells.length) this.list.lastChild.remove();
    if (stop) (cells.includes(stop) ? stop.firstChild : (cells[0]?.firstChild ?? this.list)).focus({ preventScroll: true });
    return true;
  }

  /** Take the focus to a photo, unless it already went elsewhere than to the grid. */
  takeFocusBack(number) {
    const { activeElement } = document;
    if (activeElement === document.body || this.list.contains(activeElement)) this.focus(number);
  }

  focus(number) {
    this.list.children[number]?.firstChild.focus();
  }

  /** How many cells are in the window, at least the first rows of it. */
  #inSight() {
    const style = getComputedStyle(this.list);
    const columns = style.gridTemplateColumns.split(" ").length;
    const side = this.list.clientWidth / columns;
    const top = Math.max(0, this.list.getBoundingClientRect().top);
    return columns * Math.max(1, Math.ceil((innerHeight - top) / side));
  }

  #numberOf(element) {
    return [...this.list.children].indexOf(element.closest("li"));
  }

  #makeStop(number) {
    if (number < 0) return;
    this.list.querySelector("button[tabindex='0']")?.setAttribute("tabindex", "-1");
    this.list.children[number].firstChild.tabIndex = 0;
  }

  #key(event) {
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const number = this.#numberOf(event.target);
    const last = this.list.children.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -number, End: last - number };
    const target = number + (steps[event.key] ?? NaN);
    if (number < 0 || !(target >= 0 && target <= last) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focus(target);
  }
}

function newCell(photo, isInSight) {
  const cell = document.createElement("li");
  const button = document.createElement("button");
  const image = document.createElement("img");
  const caption = document.createElement("span");
  button.type = "button";
  button.title = photo.name;
  image.alt = photo.label ? "" : photo.name;
  image.width = photo.width;
  image.height = photo.height;
  image.loading = isInSight ? "eager" : "lazy";
  image.decoding = "sync";
  image.draggable = false;
  image.addEventListener("error", () => cell.classList.add("broken"), { once: true });
  image.src = thumbnailAddress(photo.id);
  caption.textContent = photo.label;
  button.append(image, caption);
  cell.append(button);
  return cell;
}

/** Settles when a cell's picture can be painted, also when it never can. */
function loaded(cell) {
  const image = cell.querySelector("img");
  image.loading = "eager";
  return image.decode().catch(() => {});
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

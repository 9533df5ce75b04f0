// One photo large, with the way to those before and after it.

import { photoAddress, thumbnailAddress } from "./api.js";

const SWIPE = 48; // CSS pixels from which on a touch is a swipe

export class Viewer {
  #photos = [];
  #number = 0;
  #touchedAt = null;

  /** dialog holds the elements of index.html; closed(number) is called with the place of the photo last seen. */
  constructor(dialog, closed) {
    this.dialog = dialog;
    this.part = (name) => dialog.querySelector(`#viewer-${name}`);
    this.part("before").addEventListener("click", () => this.#go(this.#number - 1));
    this.part("after").addEventListener("click", () => this.#go(this.#number + 1));
    this.part("close").addEventListener("click", () => dialog.close());
    this.part("photo").addEventListener("error", () => this.#withoutFile());
    dialog.addEventListener("close", () => closed(this.#number));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => this.#key(event));
    dialog.addEventListener("touchstart", (event) => {
      this.#touchedAt = event.touches.length === 1 ? event.touches[0].clientX : null;
    }, { passive: true });
    dialog.addEventListener("touchend", (event) => this.#swipe(event));
  }

  open(photos, number) {
    this.#photos = photos;
    this.#go(number);
    this.dialog.showModal();
    this.part("after").disabled ? this.part("close").focus() : this.part("after").focus();
  }

  #go(number) {
    if (number < 0 || number >= this.#photos.length) return;
    const photo = this.#photos[number];
    const image = this.part("photo");
    this.#number = number;
    this.dialog.classList.remove("without-file");
    image.style.backgroundImage = `url("${thumbnailAddress(photo.id)}")`;
    image.style.aspectRatio = `${photo.width} / ${photo.height}`;
    image.width = photo.width;
    image.height = photo.height;
    image.alt = photo.label || photo.name;
    image.src = photoAddress(photo.id);
    this.part("label").textContent = photo.label || photo.name;
    this.part("name").textContent = describe(photo);
    this.part("place").textContent = `${number + 1} of ${this.#photos.length}`;
    this.part("file").href = photoAddress(photo.id);
    this.part("before").disabled = number === 0;
    this.part("after").disabled = number === this.#photos.length - 1;
  }

  #withoutFile() {
    if (this.dialog.classList.contains("without-file")) return;
    const photo = this.#photos[this.#number];
    this.dialog.classList.add("without-file");
    this.part("photo").src = thumbnailAddress(photo.id);
    this.part("name").textContent = "The photo's file cannot be read any more; this is the small picture that the gallery keeps.";
  }

  #key(event) {
    const last = this.#photos.length - 1;
    const target = { ArrowLeft: this.#number - 1, ArrowRight: this.#number + 1, Home: 0, End: last }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#go(target);
  }

  #swipe(event) {
    if (this.#touchedAt === null) return;
    const way = event.changedTouches[0].clientX - this.#touchedAt;
    this.#touchedAt = null;
    if (Math.abs(way) >= SWIPE) this.#go(this.#number + (way < 0 ? 1 : -1));
  }
}

function describe(photo) {
  const parts = [photo.label ? photo.name : "", `${photo.width} × ${photo.height}`];
  if (photo.distance !== undefined) parts.push(`distance ${photo.distance.toFixed(3)}`);
  return parts.filter(Boolean).join(" · ");
}

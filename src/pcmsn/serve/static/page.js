// The page: draws, asks, shows.

import * as api from "./api.js";
import { spreadPhotos } from "./browsing.js";
import { Drawing } from "./drawing.js";
import { LabelChoice, nameOf, suggestionsOf } from "./labels.js";
import { Newest } from "./newest.js";
import { Notice } from "./notice.js";
import { Pen } from "./pen.js";
import { fileOf, NotAPictureError, pictureAction, savePng } from "./pictures.js";
import { Results } from "./results.js";
import { Sheet } from "./sheet.js";
import { listenForShortcuts } from "./shortcuts.js";
import { Tools } from "./tools.js";
import { Viewer } from "./viewer.js";

// Milliseconds between two searches within a stroke, and before it is said that a search takes long or has ended.
const WHILE_DRAWING = 500;
const BEFORE_BUSY = 300;
const BEFORE_ANNOUNCEMENT = 700;
const BETWEEN_UPDATES = 1500;
const MOST_PHOTOS = 200;
const TITLES = { search: "Nearest photos", browse: "From the gallery" };
const METHODS = { exact: "exact", shortlist: "shortlist by codes", approximate: "approximate" };

const at = (id) => document.getElementById(id);
const drawing = new Drawing();
const sheet = new Sheet(at("canvas"), drawing);
const tools = new Tools({ pen: at("tool-pen"), eraser: at("tool-eraser"), width: at("width") });
const viewer = new Viewer(at("viewer"), (number) => results.takeFocusBack(number));
const results = new Results(at("photos"), (number) => viewer.open(results.photos, number));
const labels = new LabelChoice(at("labels"), () => refresh({ alone: true }));
const queries = new Newest();
const startup = new Newest();
const notice = new Notice(at("notice"), () => (gallery ? queries : startup).again());
let gallery = null;
let count = 0;

// ---- drawing

const pen = new Pen(at("canvas"), at("tip"), tools, {
  begin(stroke) {
    at("invitation").hidden = true;
    lastAsked = performance.now();
    sheet.grow(stroke, 0);
  },
  grow(stroke, from) {
    sheet.grow(stroke, from);
    refreshWhileDrawing();
  },
  end(stroke) {
    sheet.finish(stroke);
  },
});

drawing.addEventListener("change", () => {
  at("undo").disabled = !drawing.canUndo;
  at("redo").disabled = !drawing.canRedo;
  at("clear").disabled = drawing.isEmpty;
  at("save").disabled = drawing.isEmpty;
  at("invitation").hidden = !drawing.isEmpty;
  notice.clear("file");
  refresh();
});

async function openFile(file) {
  try {
    drawing.add(await pictureAction(file));
  } catch (error) {
    if (!(error instanceof NotAPictureError)) throw error;
    notice.refusal(error);
  }
}

/** A change of the drawing that is not a stroke; the stroke being drawn is ended first. */
const edit = (change) => () => {
  pen.lift();
  change();
};

// ---- asking

let lastAsked = 0;

function refreshWhileDrawing() {
  const now = performance.now();
  if (now - lastAsked < WHILE_DRAWING) return;
  lastAsked = now;
  if (!queries.isBusy) refresh();
}

/** Ask for what belongs to the drawing and the filters. `alone`: answers on their way would be wrong. */
function refresh({ alone = false, more = false } = {}) {
  if (!gallery) return;
  const start = performance.now();
  lastAsked = start;
  const step = Number(at("count").value);
  count = more ? Math.min(MOST_PHOTOS, count + step) : step;
  const job = sheet.hasInk ? searchJob(start) : browseJob();
  queries.ask(job, { alone: alone || job.kind !== lastKind });
  lastKind = job.kind;
}

let lastKind = "browse";

function searchJob(start) {
  const fit = at("fit").value;
  const picture = sheet.png({ whole: fit === "whole" });
  const encoded = performance.now();
  const parameters = { k: count, label: labels.chosen, fit, mode: at("mode").value || null };
  return {
    kind: "search",
    run: (signal) => api.search(picture, parameters, signal),
    async show({ hits, photos, recall, milliseconds }) {
      const answered = performance.now();
      if (!(await results.show(hits))) return;
      const took = performance.now() - start;
      const summary = [`${number(hits.length)} of ${number(photos)}`, `${Math.round(took)} ms`];
      if (recall !== null) summary.push(`finds ${Math.floor(100 * recall)} %`);
      describe("search", summary.join(" · "), hits, photos);
      announcePainted({ start, encoded, answered, milliseconds });
    },
  };
}

function browseJob() {
  const total = labels.chosen === null ? gallery.photos : (labels.photos ?? 0);
  const wanted = { label: labels.chosen, count, total };
  return {
    kind: "browse",
    run: (signal) => (total ? spreadPhotos(wanted, signal) : []),
    async show(photos) {
      if (!(await results.show(photos))) return;
      describe("browse", photos.length ? `${number(photos.length)} of ${number(total)}` : "", photos, total);
    },
  };
}

/** Tells whoever measures (benchmarks, tests) when a search's photos are on the screen, and where the time went. */
function announcePainted({ start, encoded, answered, milliseconds }) {
  requestAnimationFrame(() => setTimeout(() => {
    const painted = performance.now();
    const detail = { encode: encoded - start, answer: answered - encoded, paint: painted - answered, total: painted - start };
    document.dispatchEvent(new CustomEvent("pcmsn-painted", { detail: { ...detail, server: milliseconds } }));
  }));
}

// ---- saying

const number = (value) => value.toLocaleString("en");
let announcement = 0;
let busy = 0;

/** Say what the grid shows: the photos of a job's kind, out of so many. */
function describe(kind, summary, photos, total) {
  at("found-title").textContent = TITLES[kind];
  at("found-count").textContent = summary;
  at("more").hidden = photos.length < count || count >= Math.min(total, MOST_PHOTOS);
  at("nothing").hidden = photos.length > 0;
  at("nothing").textContent = photos.length ? "" : whyNothing();
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    const nearest = photos.slice(0, 3).map((photo) => photo.label || photo.name).join(", ");
    const first = kind === "search" ? ` Nearest: ${nearest}.` : "";
    at("announcement").textContent = photos.length ? `${number(photos.length)} photos.${first}` : whyNothing();
  }, BEFORE_ANNOUNCEMENT);
}

/** Say on the empty paper what of the gallery could be drawn. */
function suggest(names) {
  at("suggestion").textContent = `Try: ${names.join(", ")}`;
  at("suggestion").hidden = names.length === 0;
}

function whyNothing() {
  if (!gallery.photos) return "This gallery has no photos yet. Put some in with pcmsn index, then reload this page.";
  return labels.chosen === null ? "Nothing was found." : `No photo has the label “${nameOf(labels.chosen)}”.`;
}

function sayBusy() {
  clearTimeout(busy);
  const isBusy = queries.isBusy || startup.isBusy;
  at("photos").setAttribute("aria-busy", String(isBusy));
  if (!isBusy) at("progress").hidden = true;
  else busy = setTimeout(() => (at("progress").hidden = false), BEFORE_BUSY);
}

for (const work of [queries, startup]) {
  work.addEventListener("busy", sayBusy);
  work.addEventListener("answer", () => notice.clear("server"));
  work.addEventListener("trouble", (event) => notice.trouble(event.detail));
}

// ---- controls

const actions = {
  p: () => tools.choose("pen"),
  e: () => tools.choose("eraser"),
  "[": () => tools.change(-1),
  "]": () => tools.change(1),
  undo: edit(() => drawing.undo()),
  redo: edit(() => drawing.redo()),
  Delete: edit(() => drawing.clear()),
  o: () => at("file").click(),
  s: () => !drawing.isEmpty && savePng(drawing.visible),
  l: () => labels.focus(),
  "?": () => at("help-dialog").showModal(),
};
listenForShortcuts(actions, at("single-keys"));
const buttons = { undo: "undo", redo: "redo", clear: "Delete", open: "o", save: "s", "help-open": "?" };
for (const [id, action] of Object.entries(buttons)) at(id).addEventListener("click", actions[action]);
at("more").addEventListener("click", () => refresh({ more: true }));
for (const id of ["count", "fit", "mode"]) at(id).addEventListener("change", () => refresh({ alone: true }));

at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  if (file) openFile(file);
  at("file").value = "";
});
document.addEventListener("paste", (event) => {
  const file = fileOf(event.clipboardData);
  if (!file) return;
  event.preventDefault();
  openFile(file);
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    at("paper").classList.toggle("target", name === "dragenter" || name === "dragover");
    const file = name === "drop" ? fileOf(event.dataTransfer) : null;
    if (file) openFile(file);
  });
}
for (const name of ["pointerdown", "focusin"]) {
  document.addEventListener(name, (event) => at("options").contains(event.target) || (at("options").open = false));
}
at("options").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  at("options").open = false;
  at("options").querySelector("summary").focus();
});
addEventListener("pagehide", () => drawing.save());

// ---- start

startup.ask({
  run: (signal) => api.gallery(signal),
  show(found) {
    gallery = found;
    at("gallery-name").textContent = found.name;
    saySize();
    at("model").textContent = `Model: ${found.model.name}, ${found.model.dim} numbers and ${found.model.bits} bits a photo`;
    document.title = `${found.name} · draw to find photos`;
    labels.offer(found.labels);
    suggest(suggestionsOf(found.labels));
    at("mode").replaceChildren(...found.modes.map((mode) => new Option(METHODS[mode] ?? mode, mode)));
    at("mode-field").hidden = found.modes.length < 2;
    if (location.search) history.replaceState(null, "", location.pathname);
    refresh();
  },
});

/** Say how many photos there are, and how far taking in new ones got; while that goes on, ask again. */
function saySize() {
  const { photos, update } = gallery;
  const parts = [`${number(photos)} ${photos === 1 ? "photo" : "photos"}`];
  if (update?.stage === "looking") parts.push("looking for new ones");
  if (update?.stage === "indexing") parts.push(`taking in ${number(update.done)} of ${number(update.total)}`, update.detail);
  if (update?.stage === "failed") parts.push("new photos could not be taken in: the terminal says why");
  at("gallery-size").textContent = parts.filter(Boolean).join(" · ");
  if (update && ["looking", "indexing"].includes(update.stage)) setTimeout(lookAgain, BETWEEN_UPDATES);
}

/** See what came in meanwhile; photos that are new come up in the search or the gallery that is shown. */
async function lookAgain() {
  try {
    const before = gallery.photos;
    const found = await api.gallery();
    gallery = found;
    labels.offer(found.labels);
    if (found.photos !== before && !queries.isBusy) refresh();
    saySize();
  } catch (error) {
    if (!(error instanceof api.Trouble)) throw error;
    setTimeout(lookAgain, BETWEEN_UPDATES * 2); // the next search says what is wrong
  }
}

drawing.restore();

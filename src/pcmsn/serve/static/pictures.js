// Pictures in and out: files to pictures on the paper, the paper to PNG.

import { Paper, UNITS } from "./paper.js";

const LARGEST_FILE = 40 * 1024 * 1024;
const KEPT_SIDE = 768; // pixels, as the next
const SAVED_SIDE = 1024;

export class NotAPictureError extends Error {}

/** The decoded picture of a data or blob address. */
export async function imageOf(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** A file as an action: upright, on white, at most 768 pixels a side, as large as fits on the paper. */
export async function pictureAction(file) {
  const name = file.name ? `“${file.name}”` : "This";
  if (file.size > LARGEST_FILE) {
    const megabytes = Math.ceil(file.size / 2 ** 20);
    throw new NotAPictureError(`${name} is ${megabytes} MB. The largest that can be opened is ${LARGEST_FILE / 2 ** 20} MB.`);
  }
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new NotAPictureError(`${name} is not a picture that this browser can read. PNG, JPEG and WebP work everywhere.`);
  }
  const scale = Math.min(1, KEPT_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const source = canvas.toDataURL("image/jpeg", 0.92);
  return { kind: "picture", source, place: placeOf(canvas), image: await imageOf(source) };
}

/** [x, y, width, height] that centres a picture on the paper, in the paper's units. */
function placeOf({ width, height }) {
  const scale = UNITS / Math.max(width, height);
  const wide = width * scale;
  const high = height * scale;
  return [(UNITS - wide) / 2, (UNITS - high) / 2, wide, high];
}

/** The first picture among what was dropped or pasted, or null. */
export function fileOf(transfer) {
  const files = [...(transfer?.files ?? [])];
  return files.find((file) => file.type.startsWith("image/")) ?? files[0] ?? null;
}

/** A canvas as PNG. Encoded at once: the browser's own delayed encoding waits for an idle moment. */
export function pngOf(canvas) {
  const text = atob(canvas.toDataURL("image/png").split(",")[1]);
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: "image/png" });
}

/** Let the browser save a drawing as sketch.png. */
export function savePng(actions) {
  const paper = new Paper(document.createElement("canvas"));
  paper.resize(SAVED_SIDE);
  paper.replay(actions);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(pngOf(paper.canvas));
  link.download = "sketch.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// What is shown before anything is drawn: photos from places spread over the gallery, so that not all are alike.

import { photos as askPhotos } from "./api.js";

const PLACES = 12;
const FEW = 60; // photos of a gallery that is shown from its start, because it is seen whole anyway

/** The first `count` photos of `total`, in an order in which more of them only adds to the end. */
export async function spreadPhotos({ label, count, total }, signal) {
  const places = total > FEW ? PLACES : 1;
  const starts = Array.from({ length: places + 1 }, (_, place) => Math.floor((place * total) / places));
  const each = Math.max(1, Math.ceil(count / places));
  const pages = await Promise.all(
    starts.slice(0, -1).map((offset, place) => {
      const limit = Math.max(1, Math.min(each, starts[place + 1] - offset));
      return askPhotos({ label, offset, limit }, signal);
    }),
  );
  return interleaved(pages.map((page) => page.photos)).slice(0, count);
}

function interleaved(rows) {
  const longest = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: longest }, (_, place) => rows.map((row) => row[place])).flat().filter(Boolean);
}

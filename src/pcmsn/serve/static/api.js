// The server's answers, and its troubles in plain words.

/** What went wrong, as it is shown.
 *
 * again: the number of seconds after which to try again, null for never; canRetry: whether trying again can help.
 */
export class Trouble extends Error {
  constructor(text, { again = null, canRetry = again !== null } = {}) {
    super(text);
    this.again = again;
    this.canRetry = canRetry;
  }
}

const KEPT = "Your drawing is kept.";

async function troubleOf(response) {
  let reason = "";
  try {
    reason = (await response.json()).error ?? "";
  } catch {
    // an answer of something between here and the server; its status has to do
  }
  const wait = Math.min(60, Math.max(1, Number.parseInt(response.headers.get("Retry-After") ?? "2", 10) || 2));
  switch (response.status) {
    case 401:
      return new Trouble(`The server does not know this page. Open the address that it printed when it started, with the token at its end. ${KEPT}`);
    case 413:
      return new Trouble(`The picture is too large for the server. ${KEPT}`);
    case 415:
    case 422:
      return new Trouble(`The server cannot use this${reason ? `: ${reason}` : "."}`);
    case 429:
      return new Trouble("That was more than the server takes at once.", { again: wait });
    case 503:
      return new Trouble("The server is busy or just starting.", { again: wait });
    default:
      return new Trouble(`The server answers with an error (${response.status})${reason ? `: ${reason}` : "."} ${KEPT}`, { canRetry: true });
  }
}

async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(`The server does not answer. ${KEPT}`, { again: 3 });
  }
  if (!response.ok) throw await troubleOf(response);
  return response.json();
}

function addressOf(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  return `${path}?${new URLSearchParams(given)}`;
}

export function gallery(signal) {
  return ask("/api/gallery", { signal });
}

/** parameters: k, label (null for all), mode, fit. */
export function search(picture, parameters, signal) {
  const headers = { "Content-Type": picture.type };
  return ask(addressOf("/api/search", parameters), { method: "POST", body: picture, headers, signal });
}

/** parameters: label (null for all), offset, limit. */
export function photos(parameters, signal) {
  return ask(addressOf("/api/photos", parameters), { signal });
}

export function photoAddress(id) {
  return `/api/photos/${encodeURIComponent(id)}`;
}

export function thumbnailAddress(id) {
  return `${photoAddress(id)}/thumbnail`;
}

// What outlives a reload. A browser that keeps nothing (private windows, blocked storage) is no error.

/** The value under a key, or null. */
export function kept(key, storage = "sessionStorage") {
  try {
    return JSON.parse(window[storage].getItem(key));
  } catch {
    return null;
  }
}

/** Keep a value; false where there is no room for it. */
export function keep(key, value, storage = "sessionStorage") {
  try {
    window[storage].setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

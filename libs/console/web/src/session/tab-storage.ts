/** The storage of this tab, which a browser may refuse in an iframe on another site. */

/** Keeps a text until the tab is closed; undefined forgets it. */
export function remember(key: string, text: string | undefined): void {
  try {
    if (text === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // It lives in memory only.
  }
}

/** The text that was kept, if any. */
export function recall(key: string): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

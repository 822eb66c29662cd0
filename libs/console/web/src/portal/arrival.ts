/** What the address of the portal says when it is opened: who signs in, and how it looks. */

import { isMagicLink, readMagicLink, removeFragment } from "../session/magic-link";
import { forgetSession, signIn } from "../session/session";
import { recall, remember } from "../session/tab-storage";
import { type Appearance, PARAMETERS, readAppearance } from "../theme/appearance";

const STORED_AS = "angarium.appearance";
const ARRIVED = "angarium:arrived";

/** Signs in with the login of the address, if it has one, and takes it out of the address. */
export function signInFromAddress(): void {
  if (!isMagicLink(location.hash)) return;
  const session = readMagicLink(location.hash);
  removeFragment();
  if (session === undefined) forgetSession();
  else signIn(session);
}

/**
 * How the portal looks, by the parameters of the address it was opened with. They are remembered:
 * the addresses of its pages do not have them, and a page can be loaded again.
 */
export function appearanceFromAddress(): Appearance {
  const query = new URLSearchParams(location.search);
  const isNew = isMagicLink(location.hash) || PARAMETERS.some((name) => query.has(name));
  if (!isNew) return readAppearance(new URLSearchParams(recall(STORED_AS) ?? ""));
  remember(STORED_AS, query.toString());
  return readAppearance(query);
}

/** Follows a link that is opened in the portal itself: browsers then change the fragment only. */
export function followFragment(): void {
  window.addEventListener("hashchange", () => {
    if (!isMagicLink(location.hash)) return;
    signInFromAddress();
    window.dispatchEvent(new Event(ARRIVED));
  });
}

/** Calls `then` whenever somebody signed in by a link. Returns the way to stop. */
export function onArrival(then: () => void): () => void {
  window.addEventListener(ARRIVED, then);
  return () => window.removeEventListener(ARRIVED, then);
}

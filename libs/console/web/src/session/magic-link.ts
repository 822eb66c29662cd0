/** The portal's link carries its login in the fragment, which browsers do not send to servers. */

import { asSession, type Session } from "./session";

/** True if a fragment has a login, whether it can be read or not. */
export function isMagicLink(fragment: string): boolean {
  return keyOf(fragment) !== null;
}

/** Reads `#key=`, which is JSON in base64url, as `app-portal-access` writes it. */
export function readMagicLink(fragment: string): Session | undefined {
  const key = keyOf(fragment);
  if (key === null) return undefined;
  try {
    const bytes = Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (char) =>
      char.charCodeAt(0),
    );
    return asSession(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

/** Takes the fragment out of the address and the history. */
export function removeFragment(): void {
  history.replaceState(history.state, "", location.pathname + location.search);
}

function keyOf(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("key");
}

/** What the fragment of the console's address says about signing in. */

export type SignInFragment =
  | { kind: "key"; key: string }
  | { kind: "code"; code: string }
  | { kind: "refused"; sentence: string };

const REFUSED = "You were not signed in. Try again.";

/** Reads `#key=`, `#code=` or `#error=…&detail=…`; undefined if it is another fragment. */
export function readSignInFragment(fragment: string): SignInFragment | undefined {
  const pairs = new URLSearchParams(fragment.replace(/^#/, ""));
  const key = pairs.get("key");
  if (key) return { kind: "key", key };
  const code = pairs.get("code");
  if (code) return { kind: "code", code };
  if (pairs.has("error")) return { kind: "refused", sentence: pairs.get("detail") || REFUSED };
  return undefined;
}

/** The verifier that binds a sign-in with OpenID Connect to the tab that started it (RFC 7636). */

const STORED_AS = "angarium.oidc.verifier";
const VERIFIER_BYTES = 32;

/** Makes a verifier, keeps it for this tab, and gives its challenge. */
export async function newChallenge(): Promise<string> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(VERIFIER_BYTES)));
  sessionStorage.setItem(STORED_AS, verifier);
  return challengeOf(verifier);
}

/** The challenge of a verifier: the method S256. */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(digest));
}

/** Takes the verifier of this tab, if it started a sign-in. */
export function takeVerifier(): string | undefined {
  const verifier = sessionStorage.getItem(STORED_AS) ?? undefined;
  sessionStorage.removeItem(STORED_AS);
  return verifier;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/**
 * Who uses this tab: a bearer token, kept for the tab only.
 *
 * In an iframe on another site, browsers may refuse storage; then the token lives in memory.
 */

export interface Session {
  /** An API key or a portal token. */
  token: string;
  /** The application of a portal token. */
  appId?: string;
}

const STORED_AS = "angarium.session";
let current: Session | undefined;

/** The session of this tab, or undefined while nobody is signed in. */
export function currentSession(): Session | undefined {
  current ??= stored();
  return current;
}

/** Signs in; a session of before is replaced. */
export function signIn(session: Session): void {
  current = session;
  try {
    sessionStorage.setItem(STORED_AS, JSON.stringify(session));
  } catch {
    // Kept in memory.
  }
}

/** Forgets the session. Whoever wants it to end on the server logs out before. */
export function forgetSession(): void {
  current = undefined;
  try {
    sessionStorage.removeItem(STORED_AS);
  } catch {
    // There was nothing in it.
  }
}

function stored(): Session | undefined {
  try {
    const text = sessionStorage.getItem(STORED_AS);
    return text === null ? undefined : asSession(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Checks what came out of storage or of a link. */
export function asSession(value: unknown): Session | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { token, appId } = value as Record<string, unknown>;
  if (typeof token !== "string" || token === "") return undefined;
  return { token, appId: typeof appId === "string" ? appId : undefined };
}

/**
 * Who uses this tab: a bearer token, kept for the tab only.
 *
 * In an iframe on another site, browsers may refuse storage; then the token lives in memory.
 */

import { recall, remember } from "./tab-storage";

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
  remember(STORED_AS, JSON.stringify(session));
}

/** Forgets the session. Whoever wants it to end on the server logs out before. */
export function forgetSession(): void {
  current = undefined;
  remember(STORED_AS, undefined);
}

function stored(): Session | undefined {
  try {
    return asSession(JSON.parse(recall(STORED_AS) ?? "null"));
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

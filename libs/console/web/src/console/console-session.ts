/** Who uses the console in this tab, and how that begins and ends. */

import { useSyncExternalStore } from "react";
import { api, dataOf, onSessionEnded, type Schemas } from "../api/client";
import { ApiProblem } from "../api/problem";
import { endSession, exchangeCode } from "../api/sign-in";
import { currentSession, forgetSession, signIn } from "../session/session";
import type { SignInFragment } from "./sign-in/fragment";
import { takeVerifier } from "./sign-in/verifier";

export interface ConsoleSession {
  token?: string;
  /** Whose token it is, where signing in has asked. */
  who?: Schemas["WhoAmIOut"];
  /** What stands on the sign-in page, such as why the session has ended. */
  notice?: string;
  /** A sign-in link is being exchanged. */
  isOpening?: boolean;
}

const ENDED = "Your session has ended. Sign in again.";
const NO_API_KEY = "This token is of the customers' portal. Sign in with an API key.";

let session: ConsoleSession = { token: currentSession()?.token };
const listeners = new Set<() => void>();

/** The session, in components. */
export function useConsoleSession(): ConsoleSession {
  return useSyncExternalStore(subscribe, () => session);
}

/** Ends the session in this tab when the server no longer takes its token. */
export function watchSession(): void {
  onSessionEnded(() => {
    if (session.token === undefined) return;
    forgetSession();
    become({ notice: ENDED });
  });
}

/** Signs in with what the address brought. */
export function openFragment(fragment: SignInFragment): void {
  forgetSession();
  if (fragment.kind === "refused") {
    become({ notice: fragment.sentence });
    return;
  }
  become({ isOpening: true });
  const opened =
    fragment.kind === "key"
      ? signInWithKey(fragment.key)
      : exchangeCode(fragment.code, takeVerifier()).then(({ token }) => begin(token));
  opened.catch((error: unknown) => become({ notice: sentenceOf(error) }));
}

/** Signs in with an API key. Throws the sentence to show if the server refuses it. */
export async function signInWithKey(key: string): Promise<void> {
  const who = await dataOf(
    api.GET("/api/v1/auth/whoami", { headers: { authorization: `Bearer ${key}` } }),
  );
  if (who.type !== "apiKey") throw new ApiProblem(403, "portal_token", NO_API_KEY);
  begin(key, who);
}

/** Signs out; a session that a sign-in made ends on the server, too. */
export async function signOut(mayLogOut: boolean): Promise<void> {
  if (mayLogOut) await endSession().catch(() => undefined);
  forgetSession();
  become({});
}

function begin(token: string, who?: Schemas["WhoAmIOut"]): void {
  signIn({ token });
  become({ token, who });
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function become(next: ConsoleSession): void {
  session = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Signing in to the console. */

import { api, dataOf, type Schemas } from "./client";

/** Exchanges the code of a sign-in link for a token, once. */
export function exchangeCode(code: string, verifier?: string): Promise<Schemas["SignInOut"]> {
  const body = verifier === undefined ? { code } : { code, verifier };
  return dataOf(api.POST("/api/v1/auth/sign-in", { body }));
}

/** Ends the session on the server. */
export async function endSession(): Promise<void> {
  await dataOf(api.POST("/api/v1/auth/logout"));
}

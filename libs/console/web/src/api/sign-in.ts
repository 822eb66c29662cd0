/** Signing in to the console. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

/** How one can sign in to the console. */
export const signInMethods = queryOptions({
  queryKey: ["sign-in-methods"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/auth/methods", { signal })),
});

/** Starts to sign in with OpenID Connect; gives the URL of the provider's page. */
export async function startOpenIdConnect(challenge: string): Promise<string> {
  const started = await dataOf(api.POST("/api/v1/auth/oidc", { body: { challenge } }));
  return started.authorizationUrl;
}

/** Exchanges the code of a sign-in link for a token, once. */
export function exchangeCode(code: string, verifier?: string): Promise<Schemas["SignInOut"]> {
  const body = verifier === undefined ? { code } : { code, verifier };
  return dataOf(api.POST("/api/v1/auth/sign-in", { body }));
}

/** Ends the session on the server. */
export async function endSession(): Promise<void> {
  await dataOf(api.POST("/api/v1/auth/logout"));
}

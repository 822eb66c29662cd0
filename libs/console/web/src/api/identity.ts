/** Who is signed in, and what that allows. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, endSession, type Schemas } from "./client";

export const identity = queryOptions({
  queryKey: ["whoami"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/auth/whoami", { signal })),
  staleTime: 60_000,
});

/** Ends the session: on the server too, unless it is an API key, which lives on. */
export async function logOut(who: Schemas["WhoAmIOut"]): Promise<void> {
  if (who.type === "portalToken") await dataOf(api.POST("/api/v1/auth/logout"));
  endSession();
}

/** Who is signed in, and what that allows. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "./client";

export const identity = queryOptions({
  queryKey: ["whoami"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/auth/whoami", { signal })),
  staleTime: 60_000,
});

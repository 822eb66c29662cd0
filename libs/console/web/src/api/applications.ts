/** Queries of applications. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "./client";

export function applicationById(appId: string) {
  return queryOptions({
    queryKey: ["app", appId],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/app/{app_id}", { params: { path: { app_id: appId } }, signal })),
    staleTime: 60_000,
  });
}

/** Queries and changes of endpoints. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type Endpoint = Schemas["EndpointOut"];

const PAGE = 50;

/** All endpoints of an application, page by page. */
export function endpointPages(appId: string) {
  return infiniteQueryOptions({
    queryKey: ["app", appId, "endpoints"],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint", {
          params: { path: { app_id: appId }, query: { limit: PAGE, iterator: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.done ? undefined : (page.iterator ?? undefined)),
  });
}

const CHOICES = 250;

/** The endpoints to choose one from: the first 250. */
export function endpointChoices(appId: string) {
  return queryOptions({
    queryKey: ["app", appId, "endpoint-choices"],
    queryFn: async ({ signal }) => {
      const page = await dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint", {
          params: { path: { app_id: appId }, query: { limit: CHOICES } },
          signal,
        }),
      );
      return page.data;
    },
    staleTime: 60_000,
  });
}

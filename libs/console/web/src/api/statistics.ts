/** Queries of statistics. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type SeriesPoint = Schemas["StatisticsPoint"];
export type UnhealthyEndpoint = Schemas["UnhealthyEndpointOut"];
export type Resolution = Schemas["StatisticsSeries"]["resolution"];

/** What the tenant accepted and delivered since a time, by minute, hour or day. */
export function tenantSeries(key: string, resolution: Resolution, since: () => Date) {
  return queryOptions({
    queryKey: ["statistics", "series", key],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/stats/series", {
          params: { query: { resolution, since: since().toISOString() } },
          signal,
        }),
      ),
    refetchInterval: 15_000,
  });
}

/** What is accepted and not delivered yet. */
export const tenantBacklog = queryOptions({
  queryKey: ["statistics", "backlog"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/stats/backlog", { signal })),
  refetchInterval: 10_000,
});

/** Endpoints that need attention, worst first. */
export const unhealthyEndpoints = queryOptions({
  queryKey: ["statistics", "unhealthy"],
  queryFn: ({ signal }) =>
    dataOf(
      api.GET("/api/v1/stats/unhealthy-endpoints", { params: { query: { limit: 50 } }, signal }),
    ),
  refetchInterval: 10_000,
});

/** Queries of statistics. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type SeriesPoint = Schemas["StatisticsPoint"];
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

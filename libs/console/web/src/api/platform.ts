/** Queries of the platform itself. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import type { Resolution } from "./statistics";

export type PlatformState = Schemas["PlatformOut"];
export type Process = Schemas["ProcessOut"];
export type StreamState = Schemas["PlatformStreamOut"];
export type Findings = Schemas["PlatformFindingsOut"];
export type FindingLevel = Findings["level"];

export type BacklogPoint = Schemas["BacklogPointOut"];

const POLL_MS = 5_000;
/** The backlog is sampled once a minute. */
const SAMPLE_MS = 60_000;

/** Processes, streams, backlog and Redis as they are now. */
export const platformState = queryOptions({
  queryKey: ["platform", "state"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/platform", { signal })),
  refetchInterval: POLL_MS,
});

/** The backlog since a time, by minute, hour or day. */
export function backlogSeries(key: string, resolution: Resolution, since: () => Date) {
  return queryOptions({
    queryKey: ["platform", "backlog", key],
    queryFn: async ({ signal }) => {
      const query = { resolution, since: since().toISOString() };
      const state = await dataOf(api.GET("/api/v1/platform", { params: { query }, signal }));
      return state.backlogSeries ?? [];
    },
    refetchInterval: SAMPLE_MS,
  });
}

/** What `angarium doctor` finds. Takes up to some seconds, so that it is asked for once. */
export const platformFindings = queryOptions({
  queryKey: ["platform", "findings"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/platform/findings", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

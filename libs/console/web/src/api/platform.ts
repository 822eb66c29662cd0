/** Queries of the platform itself. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type PlatformState = Schemas["PlatformOut"];
export type Process = Schemas["ProcessOut"];
export type StreamState = Schemas["PlatformStreamOut"];
export type Findings = Schemas["PlatformFindingsOut"];
export type FindingLevel = Findings["level"];

const POLL_MS = 5_000;

/** Processes, streams, backlog and Redis as they are now. */
export const platformState = queryOptions({
  queryKey: ["platform", "state"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/platform", { signal })),
  refetchInterval: POLL_MS,
});

/** What `angarium doctor` finds. Takes up to some seconds, so that it is asked for once. */
export const platformFindings = queryOptions({
  queryKey: ["platform", "findings"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/platform/findings", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

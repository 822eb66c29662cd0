/** Queries and changes of the quarantine. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type QuarantineEntry = Schemas["QuarantineEntryOut"];
export type QuarantineEntryDetails = Schemas["QuarantineEntryDetailsOut"];
export type SetAsideBatch = Schemas["SetAsideBatchOut"];
export type Replayed = Schemas["QuarantineReplayOut"];
export type Service = "gateway" | "dispatcher" | "worker";

/** Which entries a replay or a drop is about. */
export type Chosen = { ids: string[] } | { all: true };

/** Entries in quarantine, newest first. */
export function quarantinePages(service: Service | undefined) {
  return infiniteQueryOptions({
    queryKey: ["quarantine", "entries", service ?? ""],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/platform/quarantine", {
          params: { query: { limit: PAGE_ROWS, iterator: pageParam, service } },
          signal,
        }),
      ),
    ...byIterator,
  });
}

/** Batches that were published too often without being settled. */
export const setAsidePages = infiniteQueryOptions({
  queryKey: ["quarantine", "batches"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(
      api.GET("/api/v1/platform/set-aside-batches", {
        params: { query: { limit: PAGE_ROWS, iterator: pageParam } },
        signal,
      }),
    ),
  ...byIterator,
});

/** One entry, by its service and its id there. */
export function quarantineEntry(service: string, entryId: string) {
  return queryOptions({
    queryKey: ["quarantine", "entry", service, entryId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/platform/quarantine/{service}/{entry_id}", {
          params: { path: { service, entry_id: entryId } },
          signal,
        }),
      ),
  });
}

/** The bytes of an entry, in base64. Reading them stands in the audit log. */
export function readQuarantineBytes(
  service: string,
  entryId: string,
): Promise<Schemas["QuarantineBytesOut"]> {
  return dataOf(
    api.GET("/api/v1/platform/quarantine/{service}/{entry_id}/bytes", {
      params: { path: { service, entry_id: entryId } },
    }),
  );
}

/** Puts entries back on their streams, and has batches published again. */
export function replayQuarantine(chosen: Chosen & { force?: boolean }): Promise<Replayed> {
  return dataOf(api.POST("/api/v1/platform/quarantine/replay", { body: chosen }));
}

/** Deletes entries. */
export function dropQuarantine(chosen: Chosen): Promise<Schemas["QuarantineDropOut"]> {
  return dataOf(api.POST("/api/v1/platform/quarantine/drop", { body: chosen }));
}

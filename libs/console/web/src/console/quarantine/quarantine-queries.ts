/** Queries of the quarantine. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { byIterator, PAGE_ROWS } from "../../api/pages";
import { quarantineEntries, quarantineEntry, setAsideBatches } from "../coming";

export function entryPages(service: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ["quarantine", "entries", service ?? ""],
    queryFn: ({ pageParam, signal }) =>
      quarantineEntries({ limit: PAGE_ROWS, iterator: pageParam, service }, signal),
    ...byIterator,
  });
}

export const batchPages = infiniteQueryOptions({
  queryKey: ["quarantine", "batches"],
  queryFn: ({ pageParam, signal }) =>
    setAsideBatches({ limit: PAGE_ROWS, iterator: pageParam }, signal),
  ...byIterator,
});

export function entry(service: string, entryId: string) {
  return queryOptions({
    queryKey: ["quarantine", "entry", service, entryId],
    queryFn: ({ signal }) => quarantineEntry(service, entryId, signal),
  });
}

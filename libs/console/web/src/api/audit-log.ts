/** Queries of the audit log. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type AuditEntry = Schemas["AuditEntryOut"];

/** Entries, newest first unless `order` says otherwise. */
export function auditPages(operation: string | undefined, order: "ascending" | "descending") {
  return infiniteQueryOptions({
    queryKey: ["audit-log", operation ?? "", order],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/audit-log", {
          params: { query: { limit: PAGE_ROWS, iterator: pageParam, operation, order } },
          signal,
        }),
      ),
    ...byIterator,
  });
}

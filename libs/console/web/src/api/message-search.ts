/** Searches in messages and attempts of all applications. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";
import type { operations } from "./schema";

export type FoundMessage = Schemas["FoundMessageOut"];
export type FoundAttempt = Schemas["FoundAttemptOut"];
export type MessageFilter = NonNullable<operations["v1.search.messages"]["parameters"]["query"]>;
export type AttemptFilter = NonNullable<operations["v1.search.attempts"]["parameters"]["query"]>;

/** Messages of all applications, newest first. */
export function foundMessages(filter: MessageFilter) {
  return infiniteQueryOptions({
    queryKey: ["search", "messages", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/search/messages", {
          params: { query: { ...filter, limit: PAGE_ROWS, iterator: pageParam } },
          signal,
        }),
      ),
    ...byIterator,
  });
}

/** Attempts of all applications, newest first. */
export function foundAttempts(filter: AttemptFilter) {
  return infiniteQueryOptions({
    queryKey: ["search", "attempts", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/search/attempts", {
          params: {
            query: { ...filter, limit: PAGE_ROWS, iterator: pageParam, with_content: false },
          },
          signal,
        }),
      ),
    ...byIterator,
  });
}

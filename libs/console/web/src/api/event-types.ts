/** Queries of the event catalog. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type EventType = Schemas["EventTypeOut"];

const PAGE = 250;
/** More event types than this are not shown at once. */
const PAGES_MAX = 40;

/** All event types that are not archived, with descriptions and without schemas. */
export const eventTypes = queryOptions({
  queryKey: ["event-types"],
  queryFn: async ({ signal }) => {
    const found: EventType[] = [];
    let iterator: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const { data, done, ...next } = await dataOf(
        api.GET("/api/v1/event-type", { params: { query: { limit: PAGE, iterator } }, signal }),
      );
      found.push(...data);
      if (done) break;
      iterator = next.iterator ?? undefined;
    }
    return found;
  },
  staleTime: 60_000,
});

/** One event type, with its schemas. */
export function eventTypeByName(name: string) {
  return queryOptions({
    queryKey: ["event-types", name],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/event-type/{event_type_name}", {
          params: { path: { event_type_name: name } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });
}

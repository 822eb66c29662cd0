/** Queries and changes of event types. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator } from "./pages";

export type EventType = Schemas["EventTypeOut"];

const PAGE_MAX = 250;
const PAGES_MAX = 40;

/** Event types by name, page by page. */
export function eventTypePages(includeArchived: boolean) {
  return infiniteQueryOptions({
    queryKey: ["event-types", "pages", includeArchived],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/event-type", {
          params: {
            query: {
              limit: PAGE_MAX,
              iterator: pageParam,
              include_archived: includeArchived,
              with_content: true,
            },
          },
          signal,
        }),
      ),
    ...byIterator,
  });
}

/** All event types with their schemas, archived ones too, to choose from and to compare with. */
export const allEventTypes = queryOptions({
  queryKey: ["event-types", "all"],
  queryFn: ({ signal }) => everyPage({ include_archived: true, with_content: true }, signal),
});

/** The event catalog: all event types that are not archived, without schemas. */
export const eventTypes = queryOptions({
  queryKey: ["event-types", "catalog"],
  queryFn: ({ signal }) => everyPage({}, signal),
  staleTime: 60_000,
});

/** At most 10,000 event types. */
async function everyPage(
  query: { include_archived?: boolean; with_content?: boolean },
  signal: AbortSignal,
): Promise<EventType[]> {
  const found: EventType[] = [];
  let iterator: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { data, ...rest } = await dataOf(
      api.GET("/api/v1/event-type", {
        params: { query: { ...query, limit: PAGE_MAX, iterator } },
        signal,
      }),
    );
    found.push(...data);
    if (rest.done || rest.iterator === null) break;
    iterator = rest.iterator;
  }
  return found;
}

/** One event type. */
export function eventType(name: string) {
  return queryOptions({
    queryKey: ["event-types", "one", name],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/event-type/{event_type_name}", {
          params: { path: { event_type_name: name } },
          signal,
        }),
      ),
  });
}

export function createEventType(body: Schemas["EventTypeIn"]): Promise<EventType> {
  return dataOf(api.POST("/api/v1/event-type", { body }));
}

export function changeEventType(name: string, body: Schemas["EventTypePatch"]): Promise<EventType> {
  return dataOf(
    api.PATCH("/api/v1/event-type/{event_type_name}", {
      params: { path: { event_type_name: name } },
      body,
    }),
  );
}

/** Deletes an event type for good. */
export async function deleteEventType(name: string): Promise<void> {
  await dataOf(
    api.DELETE("/api/v1/event-type/{event_type_name}", {
      params: { path: { event_type_name: name }, query: { expunge: true } },
    }),
  );
}

/** Imports the webhooks of an OpenAPI document, or says what an import would change. */
export function importOpenApi(
  body: Schemas["EventTypeImportOpenApiIn"],
): Promise<Schemas["EventTypeImportOpenApiOut"]> {
  return dataOf(api.POST("/api/v1/event-type/import/openapi", { body }));
}

/** Whether an example is what a schema describes. */
export function testSchema(
  schema: Record<string, unknown>,
  example: unknown,
): Promise<Schemas["SchemaTestOut"]> {
  const body = { schema, example } as Schemas["SchemaTestIn"];
  return dataOf(api.POST("/api/v1/event-type-schema/test", { body }));
}

/** Queries and changes of API keys. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type ApiKey = Schemas["ApiKeyOut"];

/** API keys of the tenant, newest first. */
export const apiKeyPages = infiniteQueryOptions({
  queryKey: ["api-keys"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(
      api.GET("/api/v1/api-key", {
        params: { query: { limit: PAGE_ROWS, iterator: pageParam, order: "descending" } },
        signal,
      }),
    ),
  ...byIterator,
});

/** Creates a key. Its token is in this answer only. */
export function createApiKey(body: Schemas["ApiKeyIn"]): Promise<Schemas["ApiKeyCreatedOut"]> {
  return dataOf(api.POST("/api/v1/api-key", { body }));
}

export async function revokeApiKey(keyId: string): Promise<void> {
  await dataOf(api.DELETE("/api/v1/api-key/{key_id}", { params: { path: { key_id: keyId } } }));
}

/** Queries and changes of the endpoints of operational webhooks. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type OperationalEndpoint = Schemas["OperationalWebhookEndpointOut"];

const PATH = "/api/v1/operational-webhook/endpoint/{endpoint_id}";
const SECRET = "/api/v1/operational-webhook/endpoint/{endpoint_id}/secret";
const HEADERS = "/api/v1/operational-webhook/endpoint/{endpoint_id}/headers";
const of = (endpointId: string) => ({ path: { endpoint_id: endpointId } });

/** Endpoints that get operational webhooks. */
export const operationalEndpointPages = infiniteQueryOptions({
  queryKey: ["operational-webhooks"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(
      api.GET("/api/v1/operational-webhook/endpoint", {
        params: { query: { limit: PAGE_ROWS, iterator: pageParam } },
        signal,
      }),
    ),
  ...byIterator,
});

export function createOperationalEndpoint(
  body: Schemas["OperationalWebhookEndpointIn"],
): Promise<OperationalEndpoint> {
  return dataOf(api.POST("/api/v1/operational-webhook/endpoint", { body }));
}

export function replaceOperationalEndpoint(
  endpointId: string,
  body: Schemas["OperationalWebhookEndpointUpdate"],
): Promise<OperationalEndpoint> {
  return dataOf(api.PUT(PATH, { params: of(endpointId), body }));
}

export async function deleteOperationalEndpoint(endpointId: string): Promise<void> {
  await dataOf(api.DELETE(PATH, { params: of(endpointId) }));
}

export async function readOperationalSecret(endpointId: string): Promise<string> {
  return (await dataOf(api.GET(SECRET, { params: of(endpointId) }))).key;
}

export type OperationalHeaders = Schemas["EndpointHeadersOut"];

/** The custom headers of an endpoint; values that may be secret are not returned. */
export function readOperationalHeaders(endpointId: string): Promise<OperationalHeaders> {
  return dataOf(api.GET(HEADERS, { params: of(endpointId) }));
}

/** Replaces all custom headers. */
export async function replaceOperationalHeaders(
  endpointId: string,
  headers: Record<string, string>,
): Promise<void> {
  await dataOf(api.PUT(HEADERS, { params: of(endpointId), body: { headers } }));
}

/** Makes a new secret; the former one is used beside it for the grace period. */
export async function rotateOperationalSecret(
  endpointId: string,
  gracePeriodSeconds: number,
): Promise<void> {
  await dataOf(
    api.POST("/api/v1/operational-webhook/endpoint/{endpoint_id}/secret/rotate", {
      params: of(endpointId),
      body: { gracePeriodSeconds },
    }),
  );
}

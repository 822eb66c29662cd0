/** Queries and changes of endpoints. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type Endpoint = Schemas["EndpointOut"];
export type EndpointIn = Schemas["EndpointIn"];
export type EndpointPatch = Schemas["EndpointPatch"];
export type EndpointHeaders = Schemas["EndpointHeadersOut"];
export type UrlCheck = Schemas["UrlCheckOut"];
export type DeliveryState = Schemas["EndpointDeliveryStateOut"];

const PAGE = 50;
/** How often what changes by itself is read again while it is shown. */
const REFRESH_MS = 10_000;

/** The keys of all that is known of an application's endpoints, or of one. */
export function endpointsKey(appId: string, endpointId?: string) {
  return ["app", appId, "endpoints", ...(endpointId === undefined ? [] : [endpointId])];
}

function path(appId: string, endpointId: string) {
  return { path: { app_id: appId, endpoint_id: endpointId } };
}

/** All endpoints of an application, page by page. */
export function endpointPages(appId: string) {
  return infiniteQueryOptions({
    queryKey: endpointsKey(appId),
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint", {
          params: { path: { app_id: appId }, query: { limit: PAGE, iterator: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.done ? undefined : (page.iterator ?? undefined)),
  });
}

/** Successes and failures of the last day of the endpoints of a page. */
export function activityOf(appId: string, endpointIds: string[]) {
  return queryOptions({
    queryKey: [...endpointsKey(appId), "activity", ...endpointIds],
    queryFn: async ({ signal }) => {
      const { data } = await dataOf(
        api.GET("/api/v1/app/{app_id}/stats/endpoints", {
          params: { path: { app_id: appId }, query: { endpoint_id: endpointIds } },
          signal,
        }),
      );
      return data;
    },
    staleTime: 60_000,
  });
}

export function endpointById(appId: string, endpointId: string) {
  return queryOptions({
    queryKey: endpointsKey(appId, endpointId),
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint/{endpoint_id}", {
          params: path(appId, endpointId),
          signal,
        }),
      ),
  });
}

/** Whether an endpoint gets its deliveries now, and how many wait. */
export function deliveryState(appId: string, endpointId: string) {
  return queryOptions({
    queryKey: [...endpointsKey(appId, endpointId), "delivery-state"],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint/{endpoint_id}/delivery-state", {
          params: path(appId, endpointId),
          signal,
        }),
      ),
    refetchInterval: REFRESH_MS,
  });
}

/** Statistics of an endpoint by the hour or day. */
export function endpointSeries(appId: string, endpointId: string, resolution: "hour" | "day") {
  return queryOptions({
    queryKey: [...endpointsKey(appId, endpointId), "series", resolution],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/stats/series", {
          params: { path: { app_id: appId }, query: { resolution, endpoint_id: endpointId } },
          signal,
        }),
      ),
    refetchInterval: REFRESH_MS,
  });
}

/** Messages that were attempted and have not succeeded yet: at most `limit`, the newest first. */
export function retriedMessages(appId: string, endpointId: string, limit: number) {
  return queryOptions({
    queryKey: [...endpointsKey(appId, endpointId), "retried", limit],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg", {
          params: {
            ...path(appId, endpointId),
            query: { status: 3, limit, with_content: false },
          },
          signal,
        }),
      ),
    refetchInterval: REFRESH_MS,
  });
}

/** The newest attempts of an endpoint. */
export function recentAttempts(appId: string, endpointId: string, limit: number) {
  return queryOptions({
    queryKey: [...endpointsKey(appId, endpointId), "attempts", limit],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}", {
          params: {
            ...path(appId, endpointId),
            query: { limit, with_content: false, with_msg: true },
          },
          signal,
        }),
      ),
    refetchInterval: REFRESH_MS,
  });
}

export function endpointHeaders(appId: string, endpointId: string) {
  return queryOptions({
    queryKey: [...endpointsKey(appId, endpointId), "headers"],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", {
          params: path(appId, endpointId),
          signal,
        }),
      ),
  });
}

/** The consumers of an endpoint that is polled. */
export function pollerConsumers(appId: string, endpointId: string) {
  return queryOptions({
    queryKey: [...endpointsKey(appId, endpointId), "consumers"],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/poller/{sink_id}/consumer", {
          params: { path: { app_id: appId, sink_id: endpointId } },
          signal,
        }),
      ),
    refetchInterval: REFRESH_MS,
  });
}

export function createEndpoint(appId: string, body: EndpointIn): Promise<Endpoint> {
  return dataOf(
    api.POST("/api/v1/app/{app_id}/endpoint", { params: { path: { app_id: appId } }, body }),
  );
}

export function changeEndpoint(
  appId: string,
  endpointId: string,
  body: EndpointPatch,
): Promise<Endpoint> {
  return dataOf(
    api.PATCH("/api/v1/app/{app_id}/endpoint/{endpoint_id}", {
      params: path(appId, endpointId),
      body,
    }),
  );
}

/** Changes custom headers: null removes one, and what is not named stays. */
export async function changeHeaders(
  appId: string,
  endpointId: string,
  headers: Record<string, string | null>,
): Promise<void> {
  await dataOf(
    api.PATCH("/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", {
      params: path(appId, endpointId),
      body: { headers },
    }),
  );
}

export async function deleteEndpoint(appId: string, endpointId: string): Promise<void> {
  await dataOf(
    api.DELETE("/api/v1/app/{app_id}/endpoint/{endpoint_id}", {
      params: path(appId, endpointId),
    }),
  );
}

/** The secret that verifies webhooks, or the public key of an endpoint that signs with a pair. */
export async function endpointSecret(appId: string, endpointId: string): Promise<string> {
  const answer = await dataOf(
    api.GET("/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret", {
      params: path(appId, endpointId),
    }),
  );
  return answer.key;
}

export async function rotateSecret(
  appId: string,
  endpointId: string,
  body: Schemas["EndpointSecretRotateIn"],
): Promise<void> {
  await dataOf(
    api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate", {
      params: path(appId, endpointId),
      body,
    }),
  );
}
const CHOICES = 250;

/** The endpoints to choose one from: the first 250. */
export function endpointChoices(appId: string) {
  return queryOptions({
    queryKey: ["app", appId, "endpoint-choices"],
    queryFn: async ({ signal }) => {
      const page = await dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint", {
          params: { path: { app_id: appId }, query: { limit: CHOICES } },
          signal,
        }),
      );
      return page.data;
    },
    staleTime: 60_000,
  });
}

/** Whether the platform would deliver to a URL, and why not. Nothing is sent to it. */
export function urlCheck(appId: string, url: string) {
  return queryOptions({
    queryKey: ["app", appId, "url-check", url],
    queryFn: ({ signal }) =>
      dataOf(
        api.POST("/api/v1/app/{app_id}/endpoint-url/check", {
          params: { path: { app_id: appId } },
          body: { url },
          signal,
        }),
      ),
    staleTime: 30_000,
    retry: false,
  });
}

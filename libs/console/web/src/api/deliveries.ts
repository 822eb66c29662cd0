/** Queries and changes of deliveries: messages for endpoints, with their attempts. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import type { paths } from "./schema";

export type Attempt = Schemas["MessageAttemptOut"];
export type FoundAttempt = Schemas["FoundAttemptOut"];
export type MessageEndpoint = Schemas["MessageEndpointOut"];

type SearchQuery = NonNullable<
  paths["/api/v1/app/{app_id}/search/attempts"]["get"]["parameters"]["query"]
>;
/** What a search for deliveries asks for. */
export type DeliverySearch = Omit<SearchQuery, "limit" | "iterator" | "latest" | "with_content">;

/** The first page is there soon; whoever scrolls on reads more at once. */
const ROWS_OF_FIRST_PAGE = 100;
const ROWS_PER_PAGE = 250;
const ATTEMPTS_PER_PAGE = 100;
const ENDPOINTS_PER_PAGE = 50;

/**
 * The deliveries of an application as they are now, newest first: the latest attempt of each. A
 * page may be empty although more follow. What was loaded stays as it is until it is asked for anew.
 */
export function deliveryPages(appId: string, search: () => DeliverySearch, key: unknown) {
  return infiniteQueryOptions({
    queryKey: ["app", appId, "deliveries", key],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/search/attempts", {
          params: {
            path: { app_id: appId },
            query: {
              ...search(),
              latest: true,
              with_content: false,
              limit: pageParam === undefined ? ROWS_OF_FIRST_PAGE : ROWS_PER_PAGE,
              iterator: pageParam,
            },
          },
          signal,
        }),
      ) as Promise<
        Omit<Schemas["ListResponse_FoundAttemptOut_"], "data"> & { data: FoundAttempt[] }
      >,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.done ? undefined : (page.iterator ?? undefined)),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    // Comparing thousands of rows with those of before would cost more than to show them.
    structuralSharing: false,
  });
}

/** The endpoints of a message, and where its delivery to each stands. */
export function messageEndpointPages(appId: string, msgId: string) {
  return infiniteQueryOptions({
    queryKey: ["app", appId, "msg", msgId, "endpoints"],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/msg/{msg_id}/endpoint", {
          params: {
            path: { app_id: appId, msg_id: msgId },
            query: { limit: ENDPOINTS_PER_PAGE, iterator: pageParam },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.done ? undefined : (page.iterator ?? undefined)),
  });
}

/** The attempts to deliver a message to an endpoint, newest first. */
export function attemptPages(appId: string, msgId: string, endpointId: string) {
  return infiniteQueryOptions({
    queryKey: ["app", appId, "msg", msgId, "attempts", endpointId],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/attempt/msg/{msg_id}", {
          params: {
            path: { app_id: appId, msg_id: msgId },
            query: {
              endpoint_id: endpointId,
              limit: ATTEMPTS_PER_PAGE,
              iterator: pageParam,
              with_content: false,
            },
          },
          signal,
        }),
      ) as Promise<Omit<Schemas["ListResponse_MessageAttemptOut_"], "data"> & { data: Attempt[] }>,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.done ? undefined : (page.iterator ?? undefined)),
  });
}

/** One attempt with what it was answered. */
export function oneAttempt(appId: string, msgId: string, attemptId: string) {
  return queryOptions({
    queryKey: ["app", appId, "msg", msgId, "attempt", attemptId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}", {
          params: { path: { app_id: appId, msg_id: msgId, attempt_id: attemptId } },
          signal,
        }),
      ) as Promise<Attempt>,
    staleTime: 60_000,
  });
}

/** The headers that were sent and received in an attempt; null if they are not kept. */
export function headersOfAttempt(appId: string, msgId: string, attemptId: string) {
  return queryOptions({
    queryKey: ["app", appId, "msg", msgId, "attempt", attemptId, "headers"],
    queryFn: async ({ signal }) => {
      const headers = await dataOf(
        api.GET("/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/headers", {
          params: { path: { app_id: appId, msg_id: msgId, attempt_id: attemptId } },
          signal,
        }),
      );
      return headers.stored ? headers : null;
    },
    staleTime: 60_000,
  });
}

/** Sends a message to an endpoint once more. */
export function resend(appId: string, msgId: string, endpointId: string) {
  return dataOf(
    api.POST("/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend", {
      params: { path: { app_id: appId, msg_id: msgId, endpoint_id: endpointId } },
    }),
  );
}

/** Cancels what is pending of a delivery. */
export function cancelDelivery(appId: string, msgId: string, endpointId: string) {
  return dataOf(
    api.POST("/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/cancel", {
      params: { path: { app_id: appId, msg_id: msgId, endpoint_id: endpointId } },
    }),
  );
}

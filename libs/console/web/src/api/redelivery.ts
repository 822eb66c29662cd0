/** Sends messages to an endpoint again, or examples for the first time. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type Attempt = Schemas["MessageAttemptOut"];
export type BackgroundTask = Schemas["BackgroundTaskOut"];
export type RedeliveryPreview = Schemas["RedeliveryPreviewOut"];
export type RedeliveryTask = "recover" | "replay-missing" | "bulk-replay";

/** Which messages to send again. */
export interface Wanted {
  task: RedeliveryTask;
  since: string;
  /** None: all. */
  eventTypes: string[];
}

const POLL_MS = 500;
const TASK_POLL_MS = 1_000;
/** The status of an attempt that ended. */
const ENDED: Record<number, true> = { 0: true, 2: true };

/** Sends an example to one endpoint; without `payload`, the one of the event type's schema. */
export function sendExample(
  appId: string,
  endpointId: string,
  eventType: string,
  payload?: Record<string, never>,
): Promise<Schemas["MessageOut"]> {
  return dataOf(
    api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example", {
      params: { path: { app_id: appId, endpoint_id: endpointId } },
      body: { eventType, payload },
    }),
  );
}

/** The first attempt that sent a message to an endpoint; null until it has ended. */
export function firstAttempt(appId: string, messageId: string, endpointId: string) {
  return queryOptions({
    queryKey: ["app", appId, "messages", messageId, "first-attempt", endpointId],
    queryFn: async ({ signal }): Promise<Attempt | null> => {
      const { data } = await dataOf(
        api.GET("/api/v1/app/{app_id}/attempt/msg/{msg_id}", {
          params: {
            path: { app_id: appId, msg_id: messageId },
            query: { endpoint_id: endpointId, limit: 50 },
          },
          signal,
        }),
      );
      return data.findLast((attempt) => attempt.status in ENDED) ?? null;
    },
    refetchInterval: ({ state }) => (state.data || state.error ? false : POLL_MS),
  });
}

/** What a recovery or replay would send. It is counted once, and not again by itself. */
export function redeliveryPreview(appId: string, endpointId: string, wanted: Wanted) {
  const { task, since, eventTypes } = wanted;
  return queryOptions({
    queryKey: ["app", appId, "redelivery-preview", endpointId, wanted],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/endpoint/{endpoint_id}/redelivery-preview", {
          params: {
            path: { app_id: appId, endpoint_id: endpointId },
            query: { task, since, ...(eventTypes.length > 0 && { event_types: eventTypes }) },
          },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

/** Starts to send messages again, in the background. Returns the id of the task. */
export async function startRedelivery(
  appId: string,
  endpointId: string,
  { task, since, eventTypes }: Wanted,
): Promise<string> {
  const params = { path: { app_id: appId, endpoint_id: endpointId } };
  const body = { since };
  const started = await dataOf(
    task === "recover"
      ? api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover", { params, body })
      : task === "replay-missing"
        ? api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing", { params, body })
        : api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay", {
            params,
            body: { since, ...(eventTypes.length > 0 && { eventTypes }) },
          }),
  );
  return started.id;
}

/** A background task, read until it has ended. Portal tokens may not read it. */
export function backgroundTask(taskId: string) {
  return queryOptions({
    queryKey: ["background-task", taskId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/background-task/{task_id}", {
          params: { path: { task_id: taskId } },
          signal,
        }),
      ),
    refetchInterval: ({ state }) =>
      state.error || (state.data && state.data.status !== "running") ? false : TASK_POLL_MS,
  });
}

/** Sends messages to an endpoint again, or examples for the first time. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import type { RedeliveryTask } from "./coming";

export type Attempt = Schemas["MessageAttemptOut"];
export type BackgroundTask = Schemas["BackgroundTaskOut"];

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

/** Starts to send messages again, in the background. Returns the id of the task. */
export async function startRedelivery(
  appId: string,
  endpointId: string,
  wanted: { task: RedeliveryTask; since: string; until?: string; eventTypes?: string[] },
): Promise<string> {
  const params = { path: { app_id: appId, endpoint_id: endpointId } };
  const { since, until } = wanted;
  const body = { since, until };
  const started = await dataOf(
    wanted.task === "recover"
      ? api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover", { params, body })
      : wanted.task === "replay-missing"
        ? api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing", { params, body })
        : api.POST("/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay", {
            params,
            body: { ...body, eventTypes: wanted.eventTypes },
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

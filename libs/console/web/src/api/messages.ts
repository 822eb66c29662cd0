/** Queries of messages. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { ApiProblem } from "./problem";

export type Message = Schemas["MessageOut"];

/** A message without its payload, whose bytes `rawPayload` brings. */
export function oneMessage(appId: string, msgId: string) {
  return queryOptions({
    queryKey: ["app", appId, "msg", msgId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/api/v1/app/{app_id}/msg/{msg_id}", {
          params: { path: { app_id: appId, msg_id: msgId }, query: { with_content: false } },
          signal,
        }),
      ),
  });
}

export interface RawPayload {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string;
}

/** The payload of a message byte for byte; null once it was deleted. */
export function rawPayload(appId: string, msgId: string) {
  return queryOptions({
    queryKey: ["app", appId, "msg", msgId, "raw"],
    queryFn: async ({ signal }): Promise<RawPayload | null> => {
      try {
        const answered = api.GET("/api/v1/app/{app_id}/msg/{msg_id}/raw", {
          params: { path: { app_id: appId, msg_id: msgId } },
          parseAs: "arrayBuffer",
          signal,
        });
        const data = (await dataOf(answered)) as ArrayBuffer | undefined;
        const { response } = await answered;
        const contentType = response.headers.get("content-type") ?? "application/json";
        return { bytes: new Uint8Array(data ?? new ArrayBuffer(0)), contentType };
      } catch (error) {
        if (error instanceof ApiProblem && error.code === "payload_deleted") return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

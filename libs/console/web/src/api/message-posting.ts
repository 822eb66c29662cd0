/** Posting a message. */

import { api, dataOf, type Schemas } from "./client";

export interface NewMessage {
  eventType: string;
  eventId?: string;
  channels?: string[];
  tags?: string[];
  /** The JSON text of the payload, which is sent as it is written. */
  payload: string;
}

/** Posts a message. Numbers of the payload keep all their digits. */
export function postMessage(appId: string, message: NewMessage): Promise<Schemas["MessageOut"]> {
  const { payload, ...members } = message;
  return dataOf(
    api.POST("/api/v1/app/{app_id}/msg", {
      params: { path: { app_id: appId } },
      body: { ...members, payload: {} },
      bodySerializer: () => messageBody(message),
    }),
  );
}

/** The body of the request, in which the payload stands verbatim. */
export function messageBody(message: NewMessage): string {
  const { payload, ...members } = message;
  return `${JSON.stringify(members).slice(0, -1)},"payload":${payload}}`;
}

/** Whether an endpoint would get a message of this type and these channels. */
export function precheck(
  appId: string,
  body: Schemas["MessagePrecheckIn"],
  signal?: AbortSignal,
): Promise<Schemas["MessagePrecheckOut"]> {
  return dataOf(
    api.POST("/api/v1/app/{app_id}/msg/precheck/active", {
      params: { path: { app_id: appId } },
      body,
      signal,
    }),
  );
}

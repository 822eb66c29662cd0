import { useQuery } from "@tanstack/react-query";
import { type Attempt, headersOfAttempt } from "../../api/deliveries";
import { endpointById } from "../../api/endpoints";
import { oneMessage, type RawPayload } from "../../api/messages";
import { useApplication } from "../application";
import { isStructuredEvent, sentBody } from "./sent-body";

/** The body of an attempt's request; undefined if it cannot be made again from the payload. */
export function useSentBody(
  attempt: Attempt,
  payload: RawPayload | null | undefined,
): Uint8Array<ArrayBuffer> | undefined {
  const { appId } = useApplication();
  const sent = useQuery(headersOfAttempt(appId, attempt.msgId, attempt.id)).data;
  const message = useQuery(oneMessage(appId, attempt.msgId)).data;
  const endpoint = useQuery({
    ...endpointById(appId, attempt.endpointId),
    enabled: sent != null && isStructuredEvent(sent.sentHeaders),
  }).data;
  if (payload == null) return undefined;
  if (sent == null || message === undefined) return payload.bytes;
  return sentBody({
    headers: sent.sentHeaders,
    payload: payload.bytes,
    contentType: payload.contentType,
    msgId: attempt.msgId,
    eventType: message.eventType,
    timestamp: message.timestamp,
    sources: [endpoint?.eventSource, `urn:angarium:${appId}`].filter((each) => each != null),
  });
}

/** Rows of the table of deliveries: a message for an endpoint, with its latest attempt. */

import type { FoundAttempt } from "../../api/deliveries";
import type { StreamEvent } from "../../api/event-stream";
import type { DeliveryState } from "./filters";

export interface DeliveryRow {
  key: string;
  msgId: string;
  endpointId: string;
  eventType: string;
  attemptId: string;
  state: DeliveryState;
  /** 0 if no response came. */
  responseStatusCode: number;
  durationMs: number;
  failure?: string;
  nextAttempt?: string;
  at: string;
  /** Where it was sent; events of the stream do not say it. */
  url?: string;
}

/** What the table shows: rows, and at most one place where some were left out. */
export interface ShownRows {
  rows: DeliveryRow[];
  /** The index before which rows are missing; undefined if none are. */
  gapAt?: number;
  /** How many. */
  missing: number;
}

const SUCCESS = 0;

export function rowOfAttempt(attempt: FoundAttempt): DeliveryRow {
  return {
    key: keyOf(attempt.msgId, attempt.endpointId),
    msgId: attempt.msgId,
    endpointId: attempt.endpointId,
    eventType: attempt.eventType,
    attemptId: attempt.id,
    state: stateOf(attempt.status === SUCCESS, attempt.nextAttempt),
    responseStatusCode: attempt.responseStatusCode,
    durationMs: attempt.responseDurationMs,
    failure: attempt.failure,
    nextAttempt: attempt.nextAttempt ?? undefined,
    at: attempt.timestamp,
    url: attempt.url,
  };
}

/** The row of an event of the stream; undefined if it is not about an attempt. */
export function rowOfEvent(event: StreamEvent): DeliveryRow | undefined {
  const data = event.data as Record<string, unknown> | null;
  if (typeof data !== "object" || data === null) return undefined;
  const { id, msgId, endpointId, eventType, timestamp, nextAttempt, failureReason } = data;
  if (typeof id !== "string" || typeof msgId !== "string" || typeof endpointId !== "string")
    return undefined;
  const next = typeof nextAttempt === "string" ? nextAttempt : undefined;
  return {
    key: keyOf(msgId, endpointId),
    msgId,
    endpointId,
    eventType: String(eventType),
    attemptId: id,
    state: stateOf(event.type === "attempt.succeeded", next),
    responseStatusCode: Number(data.responseStatusCode ?? 0),
    durationMs: Number(data.responseDurationMs ?? 0),
    failure: typeof failureReason === "string" ? failureReason.replaceAll("_", " ") : undefined,
    nextAttempt: next,
    at: String(timestamp),
  };
}

/**
 * Puts what the stream told above what was loaded. Each delivery stands once, as the stream told
 * it last; if that no longer matches the filters, it is left out.
 */
export function mergeRows(
  live: readonly DeliveryRow[],
  missing: number,
  loaded: readonly DeliveryRow[],
  matches: (row: DeliveryRow) => boolean,
): ShownRows {
  const told = new Map(live.map((row) => [row.key, row]));
  const urls = new Map<string, string>();
  const seen = new Set<string>();
  const older: DeliveryRow[] = [];
  for (const row of loaded) {
    if (row.url !== undefined) urls.set(row.endpointId, row.url);
    const newer = told.get(row.key);
    // An event can come twice, and after the page that has its attempt already.
    if (newer !== undefined && Date.parse(row.at) >= Date.parse(newer.at)) told.delete(row.key);
    if (told.has(row.key) || seen.has(row.key)) continue;
    seen.add(row.key);
    older.push(row);
  }
  const newest = [...told.values()]
    .filter(matches)
    .reverse()
    .map((row) => ({ ...row, url: urls.get(row.endpointId) }));
  return { rows: [...newest, ...older], gapAt: missing ? newest.length : undefined, missing };
}

function stateOf(succeeded: boolean, next: string | null | undefined): DeliveryState {
  if (succeeded) return "delivered";
  return next ? "retrying" : "failed";
}

function keyOf(msgId: string, endpointId: string): string {
  return `${msgId} ${endpointId}`;
}

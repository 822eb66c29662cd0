/** What states and outcomes are called. */

import type { MessageEndpoint } from "../../api/deliveries";
import type { DeliveryState } from "./filters";

export const STATE_WORDS: Record<DeliveryState, string> = {
  delivered: "Delivered",
  retrying: "Retrying",
  failed: "Failed",
};

export const STATE_COLORS: Record<DeliveryState, string> = {
  delivered: "teal",
  retrying: "yellow",
  failed: "red",
};

/** The state of a message for one endpoint, in a word and a color. */
export function deliveryState(delivery: MessageEndpoint): { word: string; color: string } {
  if (delivery.statusText === "success") return { word: "Delivered", color: "teal" };
  if (delivery.canceledReason !== undefined) return { word: "Canceled", color: "gray" };
  if (delivery.statusText === "fail") return { word: "Failed", color: "red" };
  if (delivery.nextAttempt) return { word: "Retrying", color: "yellow" };
  return delivery.statusText === "sending"
    ? { word: "Sending", color: "blue" }
    : { word: "Waiting", color: "blue" };
}

/** What came of an attempt: `200 in 34 ms`, or why nothing came. */
export function outcomeOf(attempt: {
  responseStatusCode: number;
  durationMs: number;
  failure?: string;
}): string {
  const { responseStatusCode, durationMs, failure } = attempt;
  if (responseStatusCode === 0) return failure ?? "No response";
  return `${responseStatusCode} in ${milliseconds(durationMs)}`;
}

/** A duration: `0.4 ms`, `34 ms`, `2.1 s`. */
export function milliseconds(duration: number): string {
  if (duration >= 1_000) return `${(duration / 1_000).toFixed(1)} s`;
  return duration >= 10 || Number.isInteger(duration)
    ? `${Math.round(duration)} ms`
    : `${duration.toFixed(1)} ms`;
}

/** The state of an endpoint in words. */

import type { DeliveryState, Endpoint } from "../../api/endpoints";
import { fromNow } from "../../components/When";
import { kindOf } from "./endpoint-kind";

export interface StatusWords {
  color: string;
  word: string;
  /** Why, and what follows; absent if there is nothing to say. */
  reason?: string;
}

const COUNTED_MAX = 10_000;

/** Says how an endpoint is, from its options and, once it is known, its delivery state. */
export function statusWords(endpoint: Endpoint, state: DeliveryState | undefined, now: Date) {
  if (endpoint.disabled) return disabledWords(endpoint);
  if (kindOf(endpoint.url) === "poller")
    return { color: "teal", word: "Polled", reason: "Its messages wait until they are fetched." };
  return state === undefined ? ENABLED : deliveryWords(endpoint, state, now);
}

const ENABLED: StatusWords = { color: "teal", word: "Enabled" };

function disabledWords(endpoint: Endpoint): StatusWords {
  const reason =
    endpoint.disabledReason ??
    (endpoint.whileDisabled === "keep" ? "New messages are kept for it." : undefined);
  return { color: "gray", word: "Disabled", reason };
}

function deliveryWords(endpoint: Endpoint, state: DeliveryState, now: Date): StatusWords {
  switch (state.state) {
    case "open":
      return {
        color: "orange",
        word: "Paused",
        reason: `It failed too often in a row, so nothing is sent to it. The next try is ${state.openUntil ? fromNow(new Date(state.openUntil), now) : "soon"}.${waitingWords(state)}`,
      };
    case "probing":
      return {
        color: "orange",
        word: "Probing",
        reason: `It failed too often in a row. A single request finds out whether it works again.${waitingWords(state)}`,
      };
    case "recovering":
      return {
        color: "yellow",
        word: "Recovering",
        reason: `It works again. What waited is sent at a growing pace.${waitingWords(state)}`,
      };
    case "waiting":
      return {
        color: "yellow",
        word: "Throttled",
        reason: `${limitWords(endpoint, state)}${waitingWords(state)}`,
      };
    case "delivering":
      return state.failingSince === null
        ? ENABLED
        : {
            color: "red",
            word: "Failing",
            reason: `It failed first ${fromNow(new Date(state.failingSince), now)}, and no attempt has succeeded since.${waitingWords(state)}`,
          };
  }
}

/** Why deliveries wait for their turn. */
function limitWords(endpoint: Endpoint, state: DeliveryState): string {
  const reasons: string[] = [];
  if (endpoint.ordering === "fifo") reasons.push("Messages are sent in order, one at a time.");
  if (endpoint.throttleRate)
    reasons.push(`Its limit is ${counted(endpoint.throttleRate, "message")} a second.`);
  if (endpoint.concurrency)
    reasons.push(`Its limit is ${counted(endpoint.concurrency, "request")} at the same time.`);
  else if (state.concurrencyLimit !== null && endpoint.ordering !== "fifo")
    reasons.push(
      `It is slow or asked for a pause, so that it gets ${counted(state.concurrencyLimit, "request")} at the same time.`,
    );
  return reasons.join(" ") || "Deliveries wait for their turn.";
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;
}

function waitingWords({ parked, scheduled }: DeliveryState): string {
  const count = parked + scheduled;
  if (count === 0) return "";
  return count === 1 ? " 1 delivery waits." : ` ${atMostCounted(count)} deliveries wait.`;
}

/** A count in the reader's language; from 10,000 on the API stops to count. */
export function atMostCounted(count: number): string {
  return `${count.toLocaleString()}${count >= COUNTED_MAX ? " or more" : ""}`;
}

/** Whether it is worth a request to learn how deliveries to the endpoint go. */
export function mayBeHeldUp(endpoint: Endpoint, failures: number | undefined): boolean {
  if (endpoint.disabled || kindOf(endpoint.url) === "poller") return false;
  const limited =
    endpoint.throttleRate !== null ||
    endpoint.concurrency !== undefined ||
    endpoint.ordering === "fifo";
  return limited || failures === undefined || failures > 0;
}

/** How an endpoint gets its messages. */

export type EndpointKind = "webhook" | "poller" | "stream";

/** The URL of endpoints whose messages are polled. */
export const POLL_URL = "poll://messages";

/** Tells from its URL how an endpoint gets its messages. */
export function kindOf(url: string): EndpointKind {
  if (url.toLowerCase() === POLL_URL) return "poller";
  return /^https?:/i.test(url) ? "webhook" : "stream";
}

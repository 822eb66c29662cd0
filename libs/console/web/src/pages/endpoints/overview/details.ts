/** How an endpoint is set up, in words. */

import type { Endpoint } from "../../../api/endpoints";
import { kindOf } from "../endpoint-kind";

const FORMATS: Record<NonNullable<Endpoint["payloadFormat"]>, string> = {
  plain: "Plain",
  envelope: "Envelope",
  thin: "Thin, with a link to the payload",
  "cloudevents-structured": "CloudEvents, structured",
  "cloudevents-binary": "CloudEvents, binary",
};

const AUTHENTICATION = { basic: "User name and password", bearer: "Token", oauth2: "OAuth 2" };

/** What is worth to be said about the options of an endpoint; defaults are left out. */
export function detailsOf(endpoint: Endpoint): [string, string][] {
  const details: [string, string | undefined][] = [
    ["Kind", KINDS[kindOf(endpoint.url)]],
    ["Events", endpoint.eventTypes?.join(", ") ?? "All"],
    ["Channels", endpoint.channels?.join(", ") ?? "All"],
    ["Filter", endpoint.filter],
    ["Rate limit", endpoint.throttleRate ? `${endpoint.throttleRate} a second` : undefined],
    ["Requests at the same time", endpoint.concurrency?.toString()],
    ["Order", endpoint.ordering === "fifo" ? "Strictly in order" : undefined],
    ["Time limit", endpoint.timeoutSeconds ? `${endpoint.timeoutSeconds} s` : undefined],
    ["Retries after", endpoint.retrySchedule && scheduleWords(endpoint.retrySchedule)],
    ["Format", endpoint.payloadFormat && FORMATS[endpoint.payloadFormat]],
    ["Content type", endpoint.contentType],
    ["Source of events", endpoint.eventSource],
    ["Authentication", endpoint.authentication && AUTHENTICATION[endpoint.authentication.type]],
    ["Signature headers", endpoint.signatureHeaders && headerWords(endpoint.signatureHeaders)],
    ["Proxy", endpoint.proxyUrl],
    ["Client certificate", endpoint.clientCertificate?.subject],
    ["CA certificates", endpoint.caCertificates?.map(({ subject }) => subject).join(", ")],
    ["Asks permission first", endpoint.handshake ? "Yes" : undefined],
    ["The receiver may stop deliveries", endpoint.receiverControl === false ? "No" : undefined],
    ["While disabled", endpoint.whileDisabled === "keep" ? "New messages are kept" : undefined],
    ["UID", endpoint.uid ?? undefined],
    ["Id", endpoint.id],
  ];
  return details.filter((detail): detail is [string, string] => detail[1] !== undefined);
}

const KINDS = {
  webhook: "Webhook, sent with POST",
  poller: "Polled: messages wait until they are fetched",
  stream: "Stream: messages are appended to a Redis stream",
};

function headerWords(names: string): string {
  return names === "both" ? "webhook-… and svix-…" : `${names}-…`;
}

function scheduleWords(delays: number[]): string {
  return delays.length === 0 ? "No retries" : `${delays.join(", ")} s`;
}

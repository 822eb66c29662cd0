/** The body that an endpoint got, where its format makes another one of the payload. */

import { base64Of, textOf } from "../../components/bytes";

const JSON_TYPE = "application/json";
const STRUCTURED_EVENT = "application/cloudevents+json";

export interface Sent {
  /** The request's headers. */
  headers: Record<string, string>;
  payload: Uint8Array<ArrayBuffer>;
  /** That of the payload. */
  contentType: string;
  msgId: string;
  eventType: string;
  /** When the message was accepted. */
  timestamp: string;
  /** Values that the attribute `source` of a CloudEvent may have had. */
  sources: string[];
}

/** The bytes as they were sent; undefined if they cannot be made again from the payload. */
export function sentBody(sent: Sent): Uint8Array<ArrayBuffer> | undefined {
  const length = Number(headerOf(sent.headers, "content-length"));
  if (Number.isNaN(length) || length === sent.payload.length) return sent.payload;
  // Its length tells whether the endpoint's options are those of the attempt.
  return candidates(sent).find((body) => body.length === length);
}

/** True for a CloudEvent whose attributes are in the body. */
export function isStructuredEvent(headers: Record<string, string>): boolean {
  return (headerOf(headers, "content-type") ?? "").startsWith(STRUCTURED_EVENT);
}

function candidates(sent: Sent): Uint8Array<ArrayBuffer>[] {
  // The API adds the charset to a text's type where it had none.
  const types = [sent.contentType, sent.contentType.replace(/; charset=utf-8$/, "")];
  if (isStructuredEvent(sent.headers))
    return types.flatMap((type) => sent.sources.map((source) => structured(sent, source, type)));
  return [enveloped(sent, {}), ...types.map((contentType) => enveloped(sent, { contentType }))];
}

/** `{"type", "id", "timestamp", "data"}`, as Standard Webhooks recommends. */
function enveloped(sent: Sent, more: Record<string, string>): Uint8Array<ArrayBuffer> {
  const head = { type: sent.eventType, id: sent.msgId, timestamp: timeOf(sent), ...more };
  return joined(head, "data", jsonOf(sent) ?? encoded(JSON.stringify(decoded(sent.payload))));
}

/** CloudEvents 1.0, "JSON Event Format". */
function structured(sent: Sent, source: string, contentType: string): Uint8Array<ArrayBuffer> {
  const head = {
    specversion: "1.0",
    id: sent.msgId,
    source,
    type: sent.eventType,
    time: timeOf(sent),
    datacontenttype: contentType,
  };
  const json = jsonOf(sent);
  if (json !== undefined) return joined(head, "data", json);
  if (claimsJson(sent.contentType))
    return joined(head, "data_base64", encoded(JSON.stringify(base64Of(sent.payload))));
  return joined(head, "data", encoded(JSON.stringify(decoded(sent.payload))));
}

/** The payload where it is JSON, byte for byte: parsed and written again it could differ. */
function jsonOf(sent: Sent): Uint8Array<ArrayBuffer> | undefined {
  const text = textOf(sent.payload);
  if (!claimsJson(sent.contentType) || text === undefined) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return sent.payload;
}

function claimsJson(contentType: string): boolean {
  const mediaType = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  return mediaType === JSON_TYPE || mediaType.endsWith("+json");
}

/** UTC with milliseconds. */
function timeOf(sent: Sent): string {
  return new Date(sent.timestamp).toISOString();
}

function joined(
  head: Record<string, string>,
  name: string,
  data: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const before = encoded(`${JSON.stringify(head).slice(0, -1)},"${name}":`);
  const body = new Uint8Array(before.length + data.length + 1);
  body.set(before);
  body.set(data, before.length);
  body.set(encoded("}"), before.length + data.length);
  return body;
}

function headerOf(headers: Record<string, string>, name: string): string | undefined {
  return Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function decoded(bytes: Uint8Array<ArrayBuffer>): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

import { describe, expect, test } from "vitest";
import { type Sent, sentBody } from "./sent-body";

const bytes = (text: string) => new TextEncoder().encode(text);
const TYPED = '{"type":"invoice.paid","id":"msg_1","timestamp":"2026-11-30T12:00:00.001Z"';
const EVENT =
  '{"specversion":"1.0","id":"msg_1","source":"urn:acme","type":"invoice.paid",' +
  '"time":"2026-11-30T12:00:00.001Z","datacontenttype":';

function sent(body: string, contentType: string, more: Partial<Sent>): Sent {
  return {
    headers: { "Content-Type": contentType, "Content-Length": `${bytes(body).length}` },
    payload: bytes('{"a": 1.0}'),
    contentType: "application/json",
    msgId: "msg_1",
    eventType: "invoice.paid",
    timestamp: "2026-11-30T12:00:00.001Z",
    sources: ["urn:other-source", "urn:acme"],
    ...more,
  };
}

const CLOUDEVENT = "application/cloudevents+json; charset=utf-8";

describe("the body that was sent", () => {
  test.each([
    ["the payload as it is", '{"a": 1.0}', "application/json", {}],
    ["an envelope", `${TYPED},"data":{"a": 1.0}}`, "application/json", {}],
    [
      "an envelope of text",
      `${TYPED},"contentType":"text/plain","data":"\\"ä\\n"}`,
      "application/json",
      { payload: bytes('"ä\n'), contentType: "text/plain; charset=utf-8" },
    ],
    ["a CloudEvent", `${EVENT}"application/json","data":{"a": 1.0}}`, CLOUDEVENT, {}],
    [
      "a CloudEvent of what claims to be JSON",
      `${EVENT}"application/json","data_base64":"ew=="}`,
      CLOUDEVENT,
      { payload: bytes("{") },
    ],
  ])("is %s", (_, body, contentType, more) => {
    const found = sentBody(sent(body, contentType, more));
    expect(found && new TextDecoder().decode(found)).toBe(body);
  });

  test("is not known where its length is another, as for an endpoint changed since", () => {
    expect(sentBody(sent("x".repeat(999), CLOUDEVENT, {}))).toBeUndefined();
    expect(sentBody(sent("x".repeat(999), "application/json", {}))).toBeUndefined();
  });

  test("is the payload where the headers are not kept", () => {
    const one = sent("", "", { headers: {} });
    expect(sentBody(one)).toBe(one.payload);
  });
});

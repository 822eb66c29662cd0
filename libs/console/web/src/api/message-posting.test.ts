// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { messageBody } from "./message-posting";

describe("messageBody", () => {
  it("has the payload as it is written, with all digits", () => {
    const body = messageBody({ eventType: "a.b", payload: '{"n": 12345678901234567890}' });
    expect(body).toBe('{"eventType":"a.b","payload":{"n": 12345678901234567890}}');
  });
});

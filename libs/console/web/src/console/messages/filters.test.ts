import { describe, expect, it } from "vitest";
import { attemptFilter, messageFilter } from "./filters";

describe("messageFilter", () => {
  it("takes a message's id for one, and every other text for an event id", () => {
    expect(messageFilter({ text: "msg_05j" })).toEqual({ id_prefix: "msg_05j" });
    expect(messageFilter({ text: "order-7" })).toEqual({ event_id_prefix: "order-7" });
  });

  it("divides event types at commas", () => {
    expect(messageFilter({ type: "a.b, c" })).toEqual({ event_types: ["a.b", "c"] });
  });

  it("asks for nothing without filters, and ignores those of attempts", () => {
    expect(messageFilter({ status: "failed", view: "messages" })).toEqual({});
  });
});

describe("attemptFilter", () => {
  it("has numbers where the API has", () => {
    expect(attemptFilter({ status: "succeeded", code: "5xx", endpoint: "ep_1", tag: "x" })).toEqual(
      {
        status: 0,
        status_code_class: 500,
        endpoint_id: "ep_1",
      },
    );
  });

  it("ignores what the address has by mistake", () => {
    expect(attemptFilter({ status: "toString", code: "7" })).toEqual({});
  });
});

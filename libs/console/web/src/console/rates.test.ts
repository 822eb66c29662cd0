import { expect, test } from "vitest";
import { limitsOf, rateFault, rateOf } from "./rates";

const NONE = { requestsPerMinute: null, messagesPerMinute: null, payloadBytesPerMinute: null };

test("only limits that there are have words", () => {
  expect(limitsOf(NONE)).toEqual([]);
  expect(limitsOf({ ...NONE, messagesPerMinute: 600, endpointsMax: 20 })).toEqual([
    "600 messages/min",
    "20 endpoints",
  ]);
});

test.each(["", "  ", "1", " 600 ", "999999999999"])("%j is a limit or none", (text) => {
  expect(rateFault(text)).toBeNull();
});

test.each(["0", "-1", "1.5", "1e3", "many", "1000000000000"])("%j is refused", (text) => {
  expect(rateFault(text)).not.toBeNull();
});

test("a limit is read, and none is null", () => {
  expect(rateOf(" 600 ")).toBe(600);
  expect(rateOf("")).toBeNull();
});

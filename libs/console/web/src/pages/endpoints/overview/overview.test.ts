import { expect, test } from "vitest";
import { milliseconds } from "./milliseconds";
import { nextRetry } from "./next-retry";

test("the earliest retry is the next one", () => {
  expect(
    nextRetry([
      { nextAttempt: "2026-11-30T12:00:00Z" },
      { nextAttempt: null },
      { nextAttempt: "2026-11-30T11:00:00.5Z" },
    ]),
  ).toBe("2026-11-30T11:00:00.5Z");
  expect(nextRetry([{ nextAttempt: null }])).toBeUndefined();
});

test("durations have as many digits as matter", () => {
  expect(milliseconds(3.26)).toBe("3.3 ms");
  expect(milliseconds(312.7)).toBe("313 ms");
  expect(milliseconds(2_500)).toBe("2.5 s");
});

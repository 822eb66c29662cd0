import { expect, test } from "vitest";
import { activityWords, byHour, successRate, sum } from "./activity";

test("hours are spread over the last 24, the newest last", () => {
  const now = new Date("2026-11-30T12:30:00Z");
  const { success, fail } = byHour(
    [
      { startsAt: "2026-11-30T12:00:00Z", delivered: 2, failed: 1 },
      { startsAt: "2026-11-29T13:00:00Z", delivered: 4, failed: 0 },
      { startsAt: "2026-11-29T12:00:00Z", delivered: 100, failed: 100 },
    ],
    now,
  );
  expect(success).toHaveLength(24);
  expect(success[23]).toBe(2);
  expect(success[0]).toBe(4);
  expect(sum(success)).toBe(6);
  expect(sum(fail)).toBe(1);
});

test("a single failure is not rounded away", () => {
  expect(successRate(9_999, 1)).toBe("99.9%");
  expect(successRate(3, 1)).toBe("75%");
  expect(successRate(0, 0)).toBeUndefined();
});

test("activity is said in words", () => {
  expect(activityWords({ success: [1, 2], fail: [0, 1] })).toBe("3 succeeded, 1 failed");
  expect(activityWords({ success: [0], fail: [0] })).toBe("Nothing sent");
});

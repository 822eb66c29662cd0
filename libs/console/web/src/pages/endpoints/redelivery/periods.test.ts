import { expect, test } from "vitest";
import { sinceOf } from "./periods";

const NOW = new Date("2026-11-30T12:00:00Z");

test("a period begins so long ago", () => {
  expect(sinceOf("hour", "", NOW)).toBe("2026-11-30T11:00:00.000Z");
  expect(sinceOf("week", "", NOW)).toBe("2026-11-23T12:00:00.000Z");
});

test("a given time is local time", () => {
  expect(sinceOf("time", "2026-11-30T08:00", NOW)).toBe(new Date(2026, 10, 30, 8).toISOString());
  expect(sinceOf("time", "", NOW)).toBeUndefined();
});

import { describe, expect, test } from "vitest";
import type { DeliveryState, Endpoint } from "../../api/endpoints";
import { atMostCounted, mayBeHeldUp, statusWords } from "./endpoint-status";

const NOW = new Date("2026-11-30T12:00:00Z");
const ENDPOINT = {
  id: "ep_1",
  url: "https://example.com",
  disabled: false,
  throttleRate: null,
} as Endpoint;
const STATE: DeliveryState = {
  state: "delivering",
  parked: 0,
  scheduled: 0,
  concurrencyLimit: null,
  openUntil: null,
  failingSince: null,
};

const wordsOf = (endpoint: Partial<Endpoint>, state?: Partial<DeliveryState>) =>
  statusWords({ ...ENDPOINT, ...endpoint }, state && { ...STATE, ...state }, NOW);

describe("the state of an endpoint in words", () => {
  test("is enabled while nothing else is known", () => {
    expect(wordsOf({})).toEqual({ color: "teal", word: "Enabled" });
  });

  test("names why it was disabled", () => {
    expect(wordsOf({ disabled: true, disabledReason: "It answered 410." })).toEqual({
      color: "gray",
      word: "Disabled",
      reason: "It answered 410.",
    });
    expect(wordsOf({ disabled: true, whileDisabled: "keep" }).reason).toContain("kept");
  });

  test("says when a paused endpoint is tried again", () => {
    const { word, reason } = wordsOf(
      {},
      { state: "open", openUntil: "2026-11-30T12:00:30Z", parked: 3, scheduled: 1 },
    );
    expect(word).toBe("Paused");
    expect(reason).toContain("in 30 seconds");
    expect(reason).toContain("4 deliveries wait.");
  });

  test("names the limit that throttles", () => {
    const waiting = { state: "waiting" as const, parked: 1 };
    expect(wordsOf({ throttleRate: 5 }, waiting).reason).toBe(
      "Its limit is 5 messages a second. 1 delivery waits.",
    );
    expect(wordsOf({ ordering: "fifo" }, waiting).reason).toContain("in order");
    expect(wordsOf({ concurrency: 2 }, waiting).reason).toContain("Its limit is 2 requests");
    expect(wordsOf({}, { ...waiting, concurrencyLimit: 1 }).reason).toContain("slow");
  });

  test("says since when it fails", () => {
    expect(wordsOf({}, { failingSince: "2026-11-30T10:00:00Z" }).reason).toContain("2 hours ago");
  });

  test("of a polled endpoint does not talk about sending", () => {
    expect(wordsOf({ url: "poll://messages" }).word).toBe("Polled");
  });
});

test("counts that stop say so", () => {
  expect(atMostCounted(10_000)).toContain("or more");
  expect(atMostCounted(9)).toBe("9");
});

test("only endpoints that may be held up are asked about", () => {
  expect(mayBeHeldUp(ENDPOINT, 0)).toBe(false);
  expect(mayBeHeldUp(ENDPOINT, 1)).toBe(true);
  expect(mayBeHeldUp(ENDPOINT, undefined)).toBe(true);
  expect(mayBeHeldUp({ ...ENDPOINT, throttleRate: 1 }, 0)).toBe(true);
  expect(mayBeHeldUp({ ...ENDPOINT, disabled: true }, 9)).toBe(false);
});

import { expect, test } from "vitest";
import type { Attempt } from "../../api/deliveries";
import { phasesOf, placesOf, segmentsOf } from "./timeline";

const timed = (timings: Attempt["timings"]) => ({ timings }) as Attempt;

test("what is not a phase of its own was spent waiting for the first byte", () => {
  const times = phasesOf(
    timed({ dns: 2, connect: 3, tls: 10, firstByte: 40, body: 10, total: 50 }),
  );
  expect(times).toEqual({
    dns: 2,
    connect: 3,
    tls: 10,
    waiting: 25,
    body: 10,
    firstByte: 40,
    total: 50,
  });
});

test("without a response everything after the handshake was waiting", () => {
  const times = phasesOf(
    timed({ dns: 0, connect: 5, tls: 0, firstByte: 0, body: 0, total: 3_000 }),
  );
  expect([times?.waiting, times?.body]).toEqual([2_995, 0]);
  expect(phasesOf(timed(undefined))).toBeUndefined();
});

test("rounding never makes a phase negative", () => {
  const times = phasesOf(
    timed({ dns: 1, connect: 1, tls: 1, firstByte: 2.9, body: 0, total: 2.8 }),
  );
  expect(times?.waiting).toBe(0);
});

test("bars stand one after the other and fill the width of the longest attempt", () => {
  const times = phasesOf(
    timed({ dns: 0, connect: 25, tls: 0, firstByte: 75, body: 25, total: 100 }),
  );
  if (times === undefined) throw new Error("no times");
  expect(segmentsOf(times, 200)).toEqual([
    { phase: "connect", start: 0, width: 12.5 },
    { phase: "waiting", start: 12.5, width: 25 },
    { phase: "body", start: 37.5, width: 12.5 },
  ]);
  expect(segmentsOf(times, 0)).toEqual([]);
});

test("times are placed between the first and the last", () => {
  expect(placesOf([100, 150, 300])).toEqual([0, 25, 100]);
  expect(placesOf([7])).toEqual([0]);
});

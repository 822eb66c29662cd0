import { expect, test } from "vitest";
import { type DeliveryRow, mergeRows, rowOfEvent } from "./rows";

const row = (msgId: string, at: number, members: Partial<DeliveryRow> = {}): DeliveryRow => ({
  key: `${msgId} ep_1`,
  msgId,
  endpointId: "ep_1",
  eventType: "invoice.paid",
  attemptId: `atmpt_${msgId}_${at}`,
  state: "delivered",
  responseStatusCode: 200,
  durationMs: 5,
  at: new Date(at).toISOString(),
  ...members,
});
const all = () => true;

test("rows of the stream stand above what was loaded, newest first, with the URL of others", () => {
  const loaded = [row("b", 2, { url: "https://example.com" }), row("a", 1)];
  const { rows, gapAt } = mergeRows([row("c", 3), row("d", 4)], 0, loaded, all);
  expect(rows.map(({ msgId }) => msgId)).toEqual(["d", "c", "b", "a"]);
  expect(rows[0]?.url).toBe("https://example.com");
  expect(gapAt).toBeUndefined();
});

test("a delivery stands once, as it is now", () => {
  const loaded = [row("b", 2), row("a", 1, { state: "retrying" }), row("a", 0)];
  const { rows } = mergeRows([row("a", 5)], 0, loaded, all);
  expect(rows.map(({ msgId, state }) => `${msgId} ${state}`)).toEqual([
    "a delivered",
    "b delivered",
  ]);
});

test("an event that comes late does not hide what was loaded since", () => {
  const { rows } = mergeRows([row("a", 1, { state: "retrying" })], 0, [row("a", 2)], all);
  expect(rows.map(({ state }) => state)).toEqual(["delivered"]);
});

test("a delivery that no longer matches the filters goes away", () => {
  const retrying = (one: DeliveryRow) => one.state === "retrying";
  const { rows } = mergeRows([row("a", 5)], 0, [row("a", 1, { state: "retrying" })], retrying);
  expect(rows).toEqual([]);
});

test("where rows were dropped stands a gap", () => {
  const { gapAt, missing } = mergeRows([row("c", 3)], 7, [row("a", 1)], all);
  expect([gapAt, missing]).toEqual([1, 7]);
});

test("events of the stream are read with care", () => {
  const data = {
    id: "atmpt_1",
    msgId: "msg_1",
    endpointId: "ep_1",
    eventType: "a",
    responseStatusCode: 503,
    responseDurationMs: 4,
    failureReason: "connect_timed_out",
    nextAttempt: null,
    timestamp: "2026-03-02T12:00:00Z",
  };
  expect(rowOfEvent({ type: "message.exhausted", data })?.state).toBe("failed");
  expect(rowOfEvent({ type: "attempt.failed", data })?.failure).toBe("connect timed out");
  const next = "2026-03-02T12:01:00Z";
  expect(rowOfEvent({ type: "attempt.failed", data: { ...data, nextAttempt: next } })?.state).toBe(
    "retrying",
  );
  expect(rowOfEvent({ type: "attempt.succeeded", data })?.state).toBe("delivered");
  for (const other of [null, "text", [], { id: 1 }])
    expect(rowOfEvent({ type: "attempt.failed", data: other })).toBeUndefined();
});

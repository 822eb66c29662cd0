import { expect, test } from "vitest";
import { canFollow, matches, readFilters, searchOf, streamQuery } from "./filters";

const NOW = new Date("2026-03-02T12:00:30.500Z");

test("every filter is read from the URL", () => {
  const search = {
    status: "retrying",
    type: "invoice.paid",
    endpoint: "ep_1",
    tag: "vip",
    q: "msg_1",
    from: "2026-03-01T10:00",
    to: "2026-03-02T10:00",
  };
  expect(readFilters(search)).toEqual(search);
  expect(readFilters({ ...search, range: "24h" }).range).toBe("24h");
});

test("what is no filter is left out", () => {
  expect(
    readFilters({
      status: "sent",
      type: " ",
      endpoint: { a: 1 },
      tag: ["x"],
      range: "toString",
      from: "yesterday",
      to: "2026-99-99T10:00",
      other: "x",
    }),
  ).toEqual({});
  expect(readFilters({ q: 12, tag: true })).toEqual({ q: "12", tag: "true" });
  expect(readFilters({ q: "x".repeat(5_000) }).q).toHaveLength(1_024);
});

test("states are questions to the API", () => {
  expect(searchOf({ status: "delivered" }, NOW)).toEqual({ status: 0 });
  expect(searchOf({ status: "retrying" }, NOW)).toEqual({ status: 2, will_retry: true });
  expect(searchOf({ status: "failed" }, NOW)).toEqual({ status: 2, will_retry: false });
});

test("what looks like an id is searched for as one", () => {
  expect(searchOf({ q: "msg_05j" }, NOW)).toEqual({ msg_id_prefix: "msg_05j" });
  expect(searchOf({ q: "ep_05j" }, NOW)).toEqual({ endpoint_id: "ep_05j" });
  expect(searchOf({ q: "order-17" }, NOW)).toEqual({ event_id_prefix: "order-17" });
});

test("a time range ends now and wins over other times", () => {
  const search = searchOf({ range: "1h", from: "2020-01-01T00:00", to: "2020-01-02T00:00" }, NOW);
  expect(search).toEqual({ after: "2026-03-02T11:00:00.000Z" });
  const from = "2026-03-01T10:00";
  expect(searchOf({ from }, NOW)).toEqual({ after: new Date(from).toISOString() });
});

test("the stream is followed only if its events have what is filtered by", () => {
  expect(canFollow({})).toBe(true);
  expect(canFollow({ status: "failed", q: "msg_1", type: "a", endpoint: "ep_1" })).toBe(true);
  expect(canFollow({ tag: "vip" })).toBe(false);
  expect(canFollow({ q: "order" })).toBe(false);
  expect(canFollow({ to: "2026-03-01T10:00" })).toBe(false);
  expect(canFollow({ to: "2026-03-01T10:00", range: "1h" })).toBe(true);
  expect(streamQuery({ endpoint: "ep_1", type: "a&b" })).toBe(
    "types=attempt.succeeded%2Cattempt.failed%2Cmessage.exhausted&endpoint_id=ep_1&event_types=a%26b",
  );
});

test("deliveries of the stream are matched by state and message", () => {
  const delivery = { state: "failed", msgId: "msg_12" } as const;
  expect(matches({}, delivery)).toBe(true);
  expect(matches({ status: "failed", q: "msg_1" }, delivery)).toBe(true);
  expect(matches({ status: "retrying" }, delivery)).toBe(false);
  expect(matches({ q: "msg_2" }, delivery)).toBe(false);
});

// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { onSessionEnded } from "./client";
import { followEvents, type StreamEvent } from "./event-stream";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function answers(...bodies: (string | number)[]) {
  const asked: Headers[] = [];
  const fetched = vi.fn(async (_: string, init: RequestInit) => {
    asked.push(new Headers(init.headers));
    const body = bodies.shift();
    if (body === undefined) return new Promise<Response>(() => {});
    return typeof body === "number" ? new Response(null, { status: body }) : new Response(body);
  });
  vi.stubGlobal("fetch", fetched);
  return asked;
}

test("a connection that ended goes on after the last event", async () => {
  vi.useFakeTimers();
  const asked = answers(
    'retry: 2000\n: connected\n\nid: 7\nevent: attempt.failed\ndata: {"id":"a"}\n\nid: 8\nevent: x\ndata: no JSON\n\n',
    'id: 9\nevent: attempt.succeeded\ndata: {"id":"b"}\n\n',
  );
  const seen: StreamEvent[] = [];
  const states: boolean[] = [];
  const stop = new AbortController();
  void followEvents(
    "/events",
    (event) => seen.push(event),
    (connected) => states.push(connected),
    stop.signal,
  );
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toEqual([
    { type: "attempt.failed", data: { id: "a" } },
    { type: "attempt.succeeded", data: { id: "b" } },
  ]);
  expect(asked.map((headers) => headers.get("last-event-id")).slice(0, 3)).toEqual([
    null,
    "8",
    "9",
  ]);
  expect(states.slice(0, 4)).toEqual([true, false, true, false]);
  stop.abort();
});

test("a stream that is refused for want of a session ends it", async () => {
  answers(401);
  const ended = vi.fn();
  const stop = onSessionEnded(ended);
  await followEvents("/events", vi.fn(), vi.fn(), new AbortController().signal);
  expect(ended).toHaveBeenCalledOnce();
  stop();
});

test("a server that fails is asked again, at growing intervals", async () => {
  vi.useFakeTimers();
  const asked = answers(503, 503, 503);
  const stop = new AbortController();
  void followEvents("/events", vi.fn(), vi.fn(), stop.signal);
  await vi.advanceTimersByTimeAsync(900);
  expect(asked.length).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(asked.length).toBe(2);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(asked.length).toBe(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked.length).toBe(3);
  stop.abort();
});

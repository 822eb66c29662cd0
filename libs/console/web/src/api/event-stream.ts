/**
 * Follows a stream of events of the API (server-sent events).
 *
 * `EventSource` cannot send the token, so that this reads the answer itself: it resumes with
 * `Last-Event-ID` after a connection ended, and waits longer from failure to failure.
 */

import { createParser } from "eventsource-parser";
import { currentSession } from "../session/session";
import { endSession } from "./client";

export interface StreamEvent {
  type: string;
  data: unknown;
}

/** How far a stream was read. Passed on, it makes the next connection go on there. */
export interface StreamPosition {
  lastId?: string;
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

/**
 * Calls `onEvent` for each event until `signal` aborts. `onState` says whether it is connected.
 * `position` is kept up to date.
 */
export async function followEvents(
  path: string,
  onEvent: (event: StreamEvent) => void,
  onState: (connected: boolean) => void,
  signal: AbortSignal,
  position: StreamPosition = {},
): Promise<void> {
  let wait = RETRY_MS_MIN;
  while (!signal.aborted) {
    try {
      const response = await fetch(path, { headers: headers(position), signal });
      if (response.status === 401) endSession();
      if (response.status === 401 || response.status === 403) return;
      if (response.ok && response.body) {
        onState(true);
        wait = RETRY_MS_MIN;
        await readEvents(response.body, onEvent, position);
      }
    } catch {
      // Connected anew below, or aborted.
    }
    if (signal.aborted) return;
    onState(false);
    await pause(wait, signal);
    wait = Math.min(wait * 2, RETRY_MS_MAX);
  }
}

function headers(position: StreamPosition): HeadersInit {
  return {
    accept: "text/event-stream",
    authorization: `Bearer ${currentSession()?.token ?? ""}`,
    ...(position.lastId === undefined ? {} : { "last-event-id": position.lastId }),
  };
}

/** Reads until the connection ends. */
async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEvent: (event: StreamEvent) => void,
  position: StreamPosition,
): Promise<void> {
  const parser = createParser({
    onEvent({ id, event, data }) {
      position.lastId = id ?? position.lastId;
      const parsed = parse(data);
      if (parsed !== undefined) onEvent({ type: event ?? "message", data: parsed });
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      parser.feed(part.value);
  } catch {
    // The connection broke; the position says where to go on.
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}

/**
 * Follows a stream of events of the API (server-sent events).
 *
 * `EventSource` cannot send the token, so that this reads the answer itself: it resumes with
 * `Last-Event-ID` after a connection ended, and waits longer from failure to failure.
 */

import { createParser } from "eventsource-parser";
import { currentSession } from "../session/session";

export interface StreamEvent {
  type: string;
  data: unknown;
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

/** Calls `onEvent` for each event until `signal` aborts. `onState` says whether it is connected. */
export async function followEvents(
  path: string,
  onEvent: (event: StreamEvent) => void,
  onState: (connected: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastId: string | undefined;
  let wait = RETRY_MS_MIN;
  while (!signal.aborted) {
    try {
      const response = await fetch(path, { headers: headers(lastId), signal });
      if (response.status === 401 || response.status === 403) return;
      if (response.ok && response.body) {
        onState(true);
        wait = RETRY_MS_MIN;
        lastId = (await readEvents(response.body, onEvent)) ?? lastId;
      }
    } catch {
      // Connected anew below, or aborted.
    }
    onState(false);
    if (!signal.aborted) await pause(wait, signal);
    wait = Math.min(wait * 2, RETRY_MS_MAX);
  }
}

function headers(lastId: string | undefined): HeadersInit {
  return {
    accept: "text/event-stream",
    authorization: `Bearer ${currentSession()?.token ?? ""}`,
    ...(lastId === undefined ? {} : { "last-event-id": lastId }),
  };
}

/** Reads until the connection ends, and returns the id of the last event. */
async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEvent: (event: StreamEvent) => void,
): Promise<string | undefined> {
  let lastId: string | undefined;
  const parser = createParser({
    onEvent({ id, event, data }) {
      lastId = id ?? lastId;
      onEvent({ type: event ?? "message", data: JSON.parse(data) });
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      parser.feed(part.value);
  } catch {
    // The connection broke; the id says where to go on.
  }
  return lastId;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

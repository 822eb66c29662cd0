import { useDocumentVisibility } from "@mantine/hooks";
import { useCallback, useEffect, useRef, useState } from "react";
import { EventBuffer } from "../../api/event-buffer";
import { followEvents, type StreamPosition } from "../../api/event-stream";
import { type DeliveryRow, rowOfEvent } from "./rows";

const WAITING_MAX = 200;
const SHOWN_MAX = 500;
const FLUSH_MS = 250;
/** What was recorded while the first page was read is in neither. */
const OVERLAP_MS = 10_000;

export interface LiveDeliveries {
  /** Rows of the stream, oldest first. */
  rows: DeliveryRow[];
  /** How many more there were. */
  missing: number;
  /** How many wait until they are asked for. */
  waiting: number;
  connected: boolean;
  /** Shows those that wait. */
  show: () => void;
}

interface Shown {
  rows: DeliveryRow[];
  missing: number;
}

const NONE: Shown = { rows: [], missing: 0 };

/**
 * Follows what happens to deliveries. Rows are taken over at once, or wait while `hold`. Nothing is
 * followed while the tab is hidden; then it goes on where it was.
 */
export function useLiveDeliveries(options: {
  appId: string;
  /** The parameters of the stream. */
  query: string;
  /** When the first page was read; undefined: follow nothing. */
  since: number | undefined;
  hold: boolean;
  /** False for what would not be shown. */
  concerns: (row: DeliveryRow) => boolean;
}): LiveDeliveries {
  const { appId, query, since, hold, concerns } = options;
  const [shown, setShown] = useState(NONE);
  const [waiting, setWaiting] = useState(0);
  const [connected, setConnected] = useState(false);
  const visible = useDocumentVisibility() === "visible";
  const buffer = useRef(newBuffer());
  const position = useRef<StreamPosition>({});
  const latest = useRef({ hold, concerns });
  latest.current = { hold, concerns };

  const show = useCallback(() => {
    const { items, dropped } = buffer.current.drain();
    setWaiting(0);
    if (items.length > 0) setShown((before) => merged(before, items, dropped));
  }, []);

  // Another question, or the same asked anew: everything begins from there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are what begins it anew.
  useEffect(() => {
    buffer.current = newBuffer();
    position.current = {};
    setShown(NONE);
    setWaiting(0);
  }, [appId, query, since]);

  useEffect(() => {
    if (since === undefined || !visible) return;
    const stop = new AbortController();
    const start = new Date(since - OVERLAP_MS).toISOString();
    void followEvents(
      `/api/v1/app/${encodeURIComponent(appId)}/events?${query}&since=${start}`,
      (event) => {
        const row = rowOfEvent(event);
        if (row !== undefined && latest.current.concerns(row)) buffer.current.push(row);
      },
      setConnected,
      stop.signal,
      position.current,
    );
    const timer = setInterval(() => {
      if (latest.current.hold) setWaiting(buffer.current.size + buffer.current.dropped);
      else if (buffer.current.size > 0) show();
    }, FLUSH_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
      setConnected(false);
    };
  }, [appId, query, since, visible, show]);

  return { ...shown, waiting, connected, show };
}

function newBuffer() {
  return new EventBuffer<DeliveryRow>((row) => row.key, WAITING_MAX);
}

/** Adds rows as the newest; of too many, the oldest are left out. */
function merged(before: Shown, items: DeliveryRow[], dropped: number): Shown {
  const byKey = new Map(before.rows.map((row) => [row.key, row]));
  for (const row of items) {
    byKey.delete(row.key);
    byKey.set(row.key, row);
  }
  const rows = [...byKey.values()];
  const surplus = Math.max(0, rows.length - SHOWN_MAX);
  return { rows: rows.slice(surplus), missing: before.missing + dropped + surplus };
}

import { useDocumentVisibility } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { followEvents, type StreamPosition } from "../../api/event-stream";
import { ATTEMPT_EVENTS } from "./filters";

const FALLBACK_MS = 5_000;

/**
 * Reads a message's deliveries anew when an attempt of it is made. While the stream is not
 * connected, they are read every 5 seconds. Returns whether it is.
 */
export function useLiveMessage(appId: string, msgId: string, eventType?: string): boolean {
  const client = useQueryClient();
  const visible = useDocumentVisibility() === "visible";
  const position = useRef<StreamPosition>({});
  const [connected, setConnected] = useState(false);

  useEffect(() => {
    if (eventType === undefined || !visible) return;
    const stop = new AbortController();
    const query = new URLSearchParams({ types: ATTEMPT_EVENTS, event_types: eventType });
    const reload = () => {
      for (const part of ["endpoints", "attempts"])
        void client.invalidateQueries({ queryKey: ["app", appId, "msg", msgId, part] });
    };
    void followEvents(
      `/api/v1/app/${encodeURIComponent(appId)}/events?${query}`,
      ({ data }) => {
        if ((data as { msgId?: unknown } | null)?.msgId === msgId) reload();
      },
      (now) => {
        setConnected(now);
        // What happened before the connection was made is in no event.
        if (now) reload();
      },
      stop.signal,
      position.current,
    );
    return () => {
      stop.abort();
      setConnected(false);
    };
  }, [appId, msgId, eventType, visible, client]);

  useEffect(() => {
    if (connected || !visible) return;
    const timer = setInterval(() => {
      for (const part of ["endpoints", "attempts"])
        void client.invalidateQueries({ queryKey: ["app", appId, "msg", msgId, part] });
    }, FALLBACK_MS);
    return () => clearInterval(timer);
  }, [connected, visible, appId, msgId, client]);

  return connected;
}

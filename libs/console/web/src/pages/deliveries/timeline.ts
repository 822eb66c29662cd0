/** The phases of an attempt, for its picture. */

import type { Attempt } from "../../api/deliveries";

export const PHASES = ["dns", "connect", "tls", "waiting", "body"] as const;
export type Phase = (typeof PHASES)[number];

export const PHASE_WORDS: Record<Phase, string> = {
  dns: "DNS",
  connect: "Connect",
  tls: "TLS",
  waiting: "Waiting for the first byte",
  body: "Reading the response",
};

export interface PhaseTimes extends Record<Phase, number> {
  /** From the start to the first byte of the response; 0 without one. */
  firstByte: number;
  total: number;
}

/** How long each phase took in ms; undefined if that is not known. */
export function phasesOf(attempt: Attempt): PhaseTimes | undefined {
  const { timings } = attempt;
  if (timings === undefined) return undefined;
  const { dns, connect, tls, firstByte, body, total } = timings;
  const answered = firstByte > 0;
  const waited = (answered ? firstByte : total) - dns - connect - tls;
  return {
    dns,
    connect,
    tls,
    waiting: Math.max(0, waited),
    body,
    firstByte,
    total,
  };
}

export interface Segment {
  phase: Phase;
  /** In percent of the longest attempt. */
  start: number;
  width: number;
}

/** The bars of an attempt, one after the other; `longestMs` fills the width. */
export function segmentsOf(times: PhaseTimes, longestMs: number): Segment[] {
  const percent = (ms: number) => (longestMs > 0 ? (ms / longestMs) * 100 : 0);
  const segments: Segment[] = [];
  let start = 0;
  for (const phase of PHASES) {
    const width = percent(times[phase]);
    if (width > 0) segments.push({ phase, start, width });
    start += width;
  }
  return segments;
}

/** Where times stand between the first and the last of them, in percent. */
export function placesOf(times: readonly number[]): number[] {
  const first = Math.min(...times);
  const span = Math.max(...times) - first;
  return times.map((time) => (span > 0 ? ((time - first) / span) * 100 : 0));
}

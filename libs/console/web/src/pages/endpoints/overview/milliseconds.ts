import type { Attempt } from "../../../api/redelivery";

const SECOND_MS = 1_000;

/** A duration with as many digits as matter. */
export function milliseconds(value: number): string {
  if (value >= SECOND_MS)
    return `${(value / SECOND_MS).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} ms`;
}

/** How long an attempt took. */
export function durationOf({ timings, responseDurationMs }: Attempt): string {
  return milliseconds(timings?.total ?? responseDurationMs);
}

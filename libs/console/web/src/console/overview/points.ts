/** Numbers of a series, as charts and tables show them. */

import type { BacklogPoint } from "../../api/platform";
import type { SeriesPoint } from "../../api/statistics";
import { beginsOf, type Range } from "./ranges";

export interface Point {
  at: Date;
  accepted: number;
  delivered: number;
  failed: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** The largest backlog of the platform in the period; null where it was not sampled. */
  openBatches: number | null;
  oldestOpenMs: number | null;
}

/** A point for each period of the range: the API leaves those out in which nothing happened. */
export function pointsOf(
  range: Range,
  since: Date,
  data: SeriesPoint[],
  backlog: BacklogPoint[] = [],
): Point[] {
  const counted = byBegin(data);
  const sampled = byBegin(backlog);
  return beginsOf(range, since).map((at) => {
    const point = counted.get(at.getTime());
    const sample = sampled.get(at.getTime());
    return {
      at,
      accepted: point?.accepted ?? 0,
      delivered: point?.delivered ?? 0,
      failed: point?.failed ?? 0,
      p50: point?.deliveryLatencyMs?.p50 ?? null,
      p95: point?.deliveryLatencyMs?.p95 ?? null,
      p99: point?.deliveryLatencyMs?.p99 ?? null,
      openBatches: sample?.openBatches ?? null,
      oldestOpenMs: sample === undefined ? null : sample.oldestOpenS * 1_000,
    };
  });
}

function byBegin<Period extends { startsAt: string }>(periods: Period[]): Map<number, Period> {
  return new Map(periods.map((period) => [new Date(period.startsAt).getTime(), period]));
}

export interface Totals {
  accepted: number;
  delivered: number;
  failed: number;
  /** Of all attempts, between 0 and 1; null without attempts. */
  successRate: number | null;
  /** The last point with a latency. */
  latest: Point | undefined;
}

/** What the points are together. */
export function totalsOf(points: Point[]): Totals {
  const sum = (member: "accepted" | "delivered" | "failed") =>
    points.reduce((total, point) => total + point[member], 0);
  const delivered = sum("delivered");
  const failed = sum("failed");
  return {
    accepted: sum("accepted"),
    delivered,
    failed,
    successRate: delivered + failed === 0 ? null : delivered / (delivered + failed),
    latest: points.findLast((point) => point.p50 !== null),
  };
}

/** A duration in the unit that it is read in. */
export function durationOf(milliseconds: number | null): string {
  if (milliseconds === null) return "—";
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = seconds / 60;
  return minutes < 60 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** The ranges of time that the overview shows. */

import type { Resolution } from "../../api/statistics";

export interface Range {
  name: string;
  label: string;
  /** What one point of the charts is. */
  resolution: Resolution;
  points: number;
}

const POINT_MS: Record<Resolution, number> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

export const RANGES: readonly Range[] = [
  { name: "1h", label: "1 hour", resolution: "minute", points: 60 },
  { name: "6h", label: "6 hours", resolution: "minute", points: 360 },
  { name: "24h", label: "24 hours", resolution: "hour", points: 24 },
  { name: "7d", label: "7 days", resolution: "hour", points: 168 },
  { name: "30d", label: "30 days", resolution: "day", points: 30 },
  { name: "90d", label: "90 days", resolution: "day", points: 90 },
];

const USUAL = "24h";

/** The range of a name; the usual one for others. */
export function rangeOf(name: string | undefined): Range {
  const usual = RANGES.find((range) => range.name === USUAL) as Range;
  return RANGES.find((range) => range.name === name) ?? usual;
}

/** When the first point of a range begins. Points begin at whole minutes, hours or days of UTC. */
export function beginOf(range: Range, now: Date): Date {
  const length = POINT_MS[range.resolution];
  const current = Math.floor(now.getTime() / length) * length;
  return new Date(current - (range.points - 1) * length);
}

/** When the points of a range begin, the oldest first. */
export function beginsOf(range: Range, since: Date): Date[] {
  const length = POINT_MS[range.resolution];
  return Array.from(
    { length: range.points },
    (_, point) => new Date(since.getTime() + point * length),
  );
}

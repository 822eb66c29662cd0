import type { Range } from "./ranges";

/** The time of a point, as short as it is clear in its range. */
export function pointLabel(range: Range, at: Date): string {
  if (range.resolution === "day")
    return at.toLocaleDateString(undefined, { month: "short", day: "numeric", timeZone: "UTC" });
  const time = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (range.points <= 24 || range.resolution === "minute") return time;
  return `${at.toLocaleDateString(undefined, { month: "short", day: "numeric" })}, ${time}`;
}

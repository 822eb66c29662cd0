/** What happened at an endpoint, in words. */

export function sum(counts: number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Says how many attempts succeeded and failed. */
export function activityWords(activity: { success: number[]; fail: number[] }): string {
  const success = sum(activity.success);
  const fail = sum(activity.fail);
  if (success + fail === 0) return "Nothing sent";
  return `${success.toLocaleString()} succeeded, ${fail.toLocaleString()} failed`;
}

/** Spreads the hours that are known over the last 24, the oldest first. */
export function byHour(
  points: { startsAt: string; delivered: number; failed: number }[],
  now: Date,
): { success: number[]; fail: number[] } {
  const success = Array<number>(HOURS).fill(0);
  const fail = Array<number>(HOURS).fill(0);
  const last = Math.floor(now.getTime() / HOUR_MS);
  for (const { startsAt, delivered, failed } of points) {
    const hour = HOURS - 1 - (last - Math.floor(Date.parse(startsAt) / HOUR_MS));
    if (hour < 0 || hour >= HOURS) continue;
    success[hour] = (success[hour] ?? 0) + delivered;
    fail[hour] = (fail[hour] ?? 0) + failed;
  }
  return { success, fail };
}

/** The share of attempts that succeeded, as text; undefined without any. */
export function successRate(success: number, fail: number): string | undefined {
  if (success + fail === 0) return undefined;
  // Cut, not rounded: one failure in many is not 100 %.
  const tenths = Math.floor((success / (success + fail)) * 1000);
  return (tenths / 1000).toLocaleString(undefined, {
    style: "percent",
    maximumFractionDigits: 1,
  });
}

const HOURS = 24;
const HOUR_MS = 3_600_000;

/** The times since which messages can be sent again. */

export const PERIODS = [
  { value: "hour", label: "The last hour" },
  { value: "day", label: "The last 24 hours" },
  { value: "week", label: "The last 7 days" },
  { value: "month", label: "The last 30 days" },
  { value: "time", label: "Since a time…" },
];

const HOUR_MS = 3_600_000;
const LENGTHS_MS: Record<string, number> = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 7 * 24 * HOUR_MS,
  month: 30 * 24 * HOUR_MS,
};

/** When a period begins (RFC 3339); undefined while no time is given. `from` is local time. */
export function sinceOf(period: string, from: string, now: Date): string | undefined {
  const length = LENGTHS_MS[period];
  if (length !== undefined) return new Date(now.getTime() - length).toISOString();
  const time = new Date(from);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

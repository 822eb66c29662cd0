import { describe, expect, it } from "vitest";
import type { SeriesPoint } from "../../api/statistics";
import { durationOf, pointsOf, totalsOf } from "./points";
import { beginOf, rangeOf } from "./ranges";

const NOW = new Date("2026-03-01T12:34:56Z");

function point(startsAt: string, members: Partial<SeriesPoint>): SeriesPoint {
  return {
    startsAt,
    group: null,
    accepted: 0,
    firstAttempts: 0,
    delivered: 0,
    failed: 0,
    exhausted: 0,
    retried: 0,
    canceled: 0,
    attemptDurationMs: null,
    deliveryLatencyMs: null,
    ...members,
  };
}

describe("ranges", () => {
  it("begin at a whole period, and end with the current one", () => {
    expect(beginOf(rangeOf("1h"), NOW).toISOString()).toBe("2026-03-01T11:35:00.000Z");
    expect(beginOf(rangeOf("24h"), NOW).toISOString()).toBe("2026-02-28T13:00:00.000Z");
    expect(beginOf(rangeOf("30d"), NOW).toISOString()).toBe("2026-01-31T00:00:00.000Z");
  });

  it("are the usual one for an unknown name", () => {
    expect(rangeOf("nonsense").name).toBe("24h");
  });
});

describe("pointsOf", () => {
  const range = rangeOf("24h");
  const since = beginOf(range, NOW);
  const points = pointsOf(range, since, [
    point("2026-03-01T12:00:00Z", { accepted: 3, delivered: 2, failed: 2 }),
    point("2026-03-01T11:00:00Z", {
      accepted: 1,
      delivered: 1,
      deliveryLatencyMs: { p50: 10, p95: 20, p99: 30 },
    }),
  ]);

  it("has every period, also those in which nothing happened", () => {
    expect(points).toHaveLength(24);
    expect(points.at(-1)).toMatchObject({ accepted: 3, failed: 2, p50: null });
    expect(points[0]).toMatchObject({ accepted: 0, delivered: 0 });
  });

  it("has the backlog where it was sampled", () => {
    const sample = { startsAt: "2026-03-01T11:00:00Z", openBatches: 4, oldestOpenS: 1.5 };
    const [before, sampled, after] = pointsOf(range, since, [], [sample]).slice(-3);
    expect(sampled).toMatchObject({ openBatches: 4, oldestOpenMs: 1_500 });
    for (const other of [before, after])
      expect(other).toMatchObject({ openBatches: null, oldestOpenMs: null });
  });

  it("adds up", () => {
    const totals = totalsOf(points);
    expect(totals).toMatchObject({ accepted: 4, delivered: 3, failed: 2, successRate: 0.6 });
    expect(totals.latest?.p99).toBe(30);
    expect(totalsOf([]).successRate).toBeNull();
  });
});

describe("durationOf", () => {
  it("uses the unit that is read", () => {
    expect([null, 12.4, 1_500, 90_000, 7_200_000].map(durationOf)).toEqual([
      "—",
      "12 ms",
      "1.5 s",
      "2 min",
      "2.0 h",
    ]);
  });
});

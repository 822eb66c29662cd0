import { describe, expect, it } from "vitest";
import { scheduleFault, scheduleOf, scheduleText } from "./retry-schedule";

describe("retry schedules", () => {
  it("mean the same in both directions", () => {
    for (const schedule of [null, [], [5, 300.5]])
      expect(scheduleOf(scheduleText(schedule))).toEqual(schedule);
    expect(scheduleText(undefined)).toBe("");
  });

  it("are seconds", () => {
    expect(["", "none", "5, 300", "0.2"].map(scheduleFault)).toEqual([null, null, null, null]);
    for (const wrong of ["5m", "5,,300", "-1", "5;300"])
      expect(scheduleFault(wrong)).toContain("seconds");
  });
});

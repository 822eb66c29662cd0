// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import type { PlatformState } from "../../api/platform";
import { troublesOf } from "./PlatformNotice";

const WELL: PlatformState = {
  version: "1",
  processes: [],
  streams: [],
  backlog: { openBatches: 0, oldestOpenS: null, setAsideBatches: 0, scheduleLateS: null },
  backlogSeries: null,
  redis: null,
  quarantine: { worker: 0 },
};

describe("troublesOf", () => {
  it("is nothing while all is well, or while a part could not be read", () => {
    expect(troublesOf(WELL)).toEqual([]);
    expect(
      troublesOf({ ...WELL, processes: null, streams: null, backlog: null, quarantine: null }),
    ).toEqual([]);
  });

  it("counts entries in quarantine and batches set aside", () => {
    const troubles = troublesOf({
      ...WELL,
      backlog: { openBatches: 1, oldestOpenS: 1, setAsideBatches: 2, scheduleLateS: null },
      quarantine: { worker: 1, gateway: 2 },
    });
    expect(troubles).toEqual(["Entries in quarantine: 3.", "Batches set aside: 2."]);
  });
});

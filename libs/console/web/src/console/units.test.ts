import { describe, expect, it } from "vitest";
import { spanOf } from "./units";

describe("units", () => {
  it("has spans", () => {
    expect([0, 3.25, 59.4, 61, 7_260, 90_000].map(spanOf)).toEqual([
      "0.0 s",
      "3.3 s",
      "59 s",
      "1 min 1 s",
      "2 h 1 min",
      "1 d 1 h",
    ]);
  });
});

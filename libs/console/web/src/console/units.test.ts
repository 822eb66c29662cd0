import { describe, expect, it } from "vitest";
import { sizeOf, spanOf } from "./units";

describe("units", () => {
  it("has sizes", () => {
    expect([0, 1023, 1536, 5 * 1024 ** 3].map(sizeOf)).toEqual([
      "0 B",
      "1023 B",
      "1.5 KiB",
      "5.0 GiB",
    ]);
  });

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

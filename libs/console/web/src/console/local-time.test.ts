import { describe, expect, it } from "vitest";
import { asLocal, asTime } from "./local-time";

describe("local times", () => {
  it("mean the same time in both directions", () => {
    expect(asTime(asLocal("2026-03-01T12:30:00.000Z"))).toBe("2026-03-01T12:30:00.000Z");
  });

  it("are empty for nothing and for nonsense", () => {
    expect([asLocal(undefined), asLocal("x"), asTime(""), asTime("x")]).toEqual([
      "",
      "",
      undefined,
      undefined,
    ]);
  });
});

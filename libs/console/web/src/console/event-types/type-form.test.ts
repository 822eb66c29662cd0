import { describe, expect, it } from "vitest";
import type { EventType } from "../../api/event-types";
import { bodyOf, nextVersion, valuesOf } from "./type-form";

const TYPE: EventType = {
  name: "invoice.paid",
  description: "An invoice is paid",
  archived: false,
  deprecated: true,
  groupName: "invoice",
  featureFlag: "beta",
  featureFlags: ["beta", "eu"],
  retrySchedule: [5, 300],
  schemas: { "1": { type: "object" } } as never,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z",
};

describe("the form of an event type", () => {
  it("sends what it was filled with", () => {
    expect(bodyOf(valuesOf(TYPE))).toEqual({
      description: "An invoice is paid",
      groupName: "invoice",
      deprecated: true,
      featureFlags: ["beta", "eu"],
      retrySchedule: [5, 300],
      schemas: { "1": { type: "object" } },
    });
  });

  it("sends null for what is empty", () => {
    expect(bodyOf(valuesOf(undefined))).toMatchObject({
      groupName: null,
      featureFlags: null,
      retrySchedule: null,
      schemas: null,
    });
  });

  it("counts versions on", () => {
    const version = (name: string) => ({ key: name, version: name, text: "{}" });
    expect(nextVersion([])).toBe("1");
    expect(nextVersion([version("2"), version("beta"), version("10")])).toBe("11");
  });
});

import { describe, expect, it } from "vitest";
import type { EventType } from "../../api/event-types";
import { importChanges } from "./import-diff";

function existing(name: string, members: Partial<EventType> = {}): EventType {
  return {
    name,
    description: "d",
    archived: false,
    deprecated: false,
    groupName: null,
    featureFlag: null,
    featureFlags: null,
    retrySchedule: [],
    schemas: null,
    createdAt: "",
    updatedAt: "",
    ...members,
  };
}

function imported(name: string, members = {}) {
  return {
    name,
    description: "d",
    deprecated: false,
    schemas: null,
    groupName: null,
    featureFlags: null,
    ...members,
  };
}

describe("importChanges", () => {
  it("names what is created and which members change", () => {
    const changes = importChanges(
      [
        imported("new"),
        imported("old", { description: "other", schemas: { "1": { b: 1, a: 2 } } }),
      ],
      [existing("old", { schemas: { "1": { a: 2, b: 1 } } as never }), existing("kept")],
      false,
    );
    expect(changes).toEqual([
      { name: "new", kind: "created", members: [] },
      { name: "old", kind: "changed", members: ["description"] },
    ]);
  });

  it("archives the rest if all are replaced, but nothing twice", () => {
    const changes = importChanges(
      [imported("a")],
      [existing("rest"), existing("gone", { archived: true }), existing("a", { archived: true })],
      true,
    );
    expect(changes).toEqual([
      { name: "a", kind: "changed", members: ["restored from the archive"] },
      { name: "rest", kind: "archived", members: [] },
    ]);
  });
});

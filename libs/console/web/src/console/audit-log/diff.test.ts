import { describe, expect, it } from "vitest";
import { changedMembers } from "./diff";

describe("changedMembers", () => {
  it("names what differs, as deep as it is", () => {
    const before = { url: "https://a", headers: { x: "1", y: "2" }, same: [1] };
    const after = { url: "https://b", headers: { x: "1", y: "3" }, same: [1] };
    expect(changedMembers(before, after)).toEqual([
      { path: "url", before: '"https://a"', after: '"https://b"' },
      { path: "headers.y", before: '"2"', after: '"3"' },
    ]);
  });

  it("shows all members of what was created or deleted", () => {
    expect(changedMembers(null, { name: "a" })).toEqual([{ path: "name", after: '"a"' }]);
    expect(changedMembers({ name: "a" }, null)).toEqual([{ path: "name", before: '"a"' }]);
  });

  it("tells null from nothing", () => {
    expect(changedMembers({ uid: null }, { uid: "u" })).toEqual([
      { path: "uid", before: "null", after: '"u"' },
    ]);
  });

  it("is empty if nothing changed", () => {
    expect([changedMembers(null, null), changedMembers({}, {})]).toEqual([[], []]);
  });
});

import { expect, test } from "vitest";
import { entriesOf, readJson, scalarText, WrittenNumber } from "./json";

test("a text that is no JSON has no value", () => {
  expect(readJson("{")).toBeUndefined();
  expect(readJson("")).toBeUndefined();
  expect(readJson("null")).toEqual({ value: null });
});

test("entries are those of objects and arrays", () => {
  expect(entriesOf({ a: 1, b: [2] })).toEqual([
    ["a", 1],
    ["b", [2]],
  ]);
  expect(entriesOf(["x"])).toEqual([["0", "x"]]);
  for (const scalar of [null, "text", 1, true, new WrittenNumber("1e400")])
    expect(entriesOf(scalar)).toBeUndefined();
});

test("a member called __proto__ is shown and changes nothing", () => {
  const read = readJson('{"__proto__": {"polluted": true}}');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(entriesOf(read?.value)).toHaveLength(1);
});

test("scalars are written as JSON writes them", () => {
  expect(scalarText("a\n<b>")).toBe('"a\\n<b>"');
  expect(scalarText(new WrittenNumber("12345678901234567890"))).toBe("12345678901234567890");
  expect([scalarText(null), scalarText(true), scalarText(1.5)]).toEqual(["null", "true", "1.5"]);
});

import { expect, test } from "vitest";
import { exampleOf, newestVersion, versionsOf } from "./example";

test("the newest version is the greatest number", () => {
  expect(newestVersion({ "9": {}, v10: {}, draft: {} })).toBe("v10");
  expect(versionsOf({ "1": {}, "2": {} })).toEqual(["2", "1"]);
  expect(newestVersion(null)).toBeUndefined();
});

test("an example is the first of the schema's", () => {
  expect(exampleOf({ examples: [{ id: 1 }, { id: 2 }], example: { id: 3 } })).toEqual({ id: 1 });
  expect(exampleOf({ example: { id: 3 } })).toEqual({ id: 3 });
});

test("without one, it is built from the members", () => {
  const schema = {
    type: "object",
    properties: {
      id: { type: "string", examples: ["inv_1"] },
      state: { enum: ["paid", "open"] },
      currency: { default: "EUR" },
      customer: { properties: { name: { const: "Ada" }, age: { type: "integer" } } },
      unknown: { type: "string" },
    },
  };
  expect(exampleOf(schema)).toEqual({
    id: "inv_1",
    state: "paid",
    currency: "EUR",
    customer: { name: "Ada" },
  });
});

test("there is none of a schema without any, or of one that is no object", () => {
  expect(exampleOf({ type: "object" })).toBeUndefined();
  expect(exampleOf({ examples: ["text"] })).toBeUndefined();
  expect(exampleOf(true)).toBeUndefined();
});

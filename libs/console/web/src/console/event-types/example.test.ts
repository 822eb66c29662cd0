import { describe, expect, it } from "vitest";
import { exampleOf, latestVersion } from "./example";

describe("exampleOf", () => {
  it("is the schema's own, if it has one", () => {
    expect(exampleOf({ type: "object", examples: [{ id: 7 }, {}] })).toEqual({ id: 7 });
  });

  it("is made of what the schema says", () => {
    const schema = {
      $defs: {
        customer: { type: "object", properties: { email: { type: "string", format: "email" } } },
      },
      type: "object",
      properties: {
        customer: { $ref: "#/$defs/customer" },
        amount: { type: "integer", minimum: 5 },
        state: { enum: ["paid", "open"] },
        lines: { type: "array", items: { type: "string" } },
        paid: { type: ["boolean", "null"] },
      },
    };
    expect(exampleOf(schema)).toEqual({
      customer: { email: "ada@example.com" },
      amount: 5,
      state: "paid",
      lines: ["text"],
      paid: true,
    });
  });

  it("ends for a schema that refers to itself", () => {
    const schema = { type: "object", properties: { child: { $ref: "#" } } };
    expect(JSON.stringify(exampleOf(schema))).toContain("child");
  });

  it("puts together what all parts say", () => {
    const part = (name: string) => ({ type: "object", properties: { [name]: { type: "number" } } });
    expect(exampleOf({ allOf: [part("a"), part("b")] })).toEqual({ a: 1, b: 1 });
  });

  it("is null for nonsense", () => {
    expect([undefined, 3, {}, { $ref: "#/none" }, { $ref: "https://x" }].map(exampleOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe("latestVersion", () => {
  it("compares numbers by their value", () => {
    expect(latestVersion({ "2": {}, "10": {}, "1": {} })).toBe("10");
    expect([latestVersion({}), latestVersion(null)]).toEqual([undefined, undefined]);
  });
});

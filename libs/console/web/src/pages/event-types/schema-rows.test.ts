import { describe, expect, test } from "vitest";
import { schemaRows } from "./schema-rows";

const summary = (schema: unknown) =>
  schemaRows(schema).map(
    ({ depth, name, type, required }) =>
      `${" ".repeat(depth)}${name}: ${type}${required ? "!" : ""}`,
  );

test("members are rows, with their types and whether they are required", () => {
  const schema = {
    type: "object",
    required: ["id"],
    properties: {
      id: { type: "string", description: "The invoice." },
      lines: {
        type: "array",
        items: { type: "object", properties: { cents: { type: "integer" } } },
      },
      note: { type: ["string", "null"] },
    },
  };
  expect(summary(schema)).toEqual([
    "id: string!",
    "lines: array of object",
    " cents: integer",
    "note: string or null",
  ]);
  expect(schemaRows(schema)[0]?.description).toBe("The invoice.");
});

test("rules are words", () => {
  const [row] = schemaRows({
    properties: {
      state: { enum: ["paid", 1], format: "x", minLength: 2, pattern: "^a", default: "paid" },
    },
  });
  expect(row?.rules).toEqual([
    "format x",
    'one of "paid", 1',
    "characters at least 2",
    "like ^a",
    'default "paid"',
  ]);
  expect(row?.type).toBe("string or integer");
});

describe("references", () => {
  test("of draft 7 and of 2020-12 are followed", () => {
    const member = { type: "object", properties: { name: { type: "string" } } };
    expect(
      summary({
        definitions: { user: member },
        $defs: { "a/b": { type: "integer" } },
        properties: { user: { $ref: "#/definitions/user" }, n: { $ref: "#/$defs/a~1b" } },
      }),
    ).toEqual(["user: object", " name: string", "n: integer"]);
  });

  test("to what they are in end", () => {
    const schema = {
      $ref: "#/$defs/node",
      $defs: {
        node: {
          type: "object",
          properties: {
            parent: { $ref: "#/$defs/node" },
            children: { type: "array", items: { $ref: "#/$defs/node" } },
          },
        },
      },
    };
    expect(summary(schema)).toEqual(["parent: object", "children: array of object"]);
    expect(schemaRows(schema)[0]?.rules).toEqual(["has the same members again"]);
  });

  test("to themselves, to nothing and to other documents are no schema", () => {
    expect(
      summary({
        $defs: { loop: { $ref: "#/$defs/loop" } },
        properties: {
          a: { $ref: "#/$defs/loop" },
          b: { $ref: "#/nowhere" },
          c: { $ref: "https://example.com/schema.json" },
          d: { $ref: "#/__proto__/x" },
        },
      }),
    ).toEqual(["a: any", "b: any", "c: any", "d: any"]);
  });
});

test("parts of allOf are one object", () => {
  expect(
    summary({
      allOf: [{ properties: { a: { type: "string" } }, required: ["a"] }],
      properties: { b: { type: "string" } },
    }),
  ).toEqual(["a: string!", "b: string"]);
});

test("alternatives are named, and a value that may be null is none", () => {
  expect(
    summary({
      properties: {
        to: {
          oneOf: [
            { title: "card", properties: { number: { type: "string" } } },
            { properties: { iban: { type: "string" } } },
          ],
        },
        maybe: { anyOf: [{ properties: { x: { type: "string" } } }, { type: "null" }] },
      },
    }),
  ).toEqual([
    "to: object",
    " either card: object",
    "  number: string",
    " or: object",
    "  iban: string",
    "maybe: object or null",
    " x: string",
  ]);
});

test("tuples and maps have rows", () => {
  expect(
    summary({
      properties: {
        point: { type: "array", prefixItems: [{ type: "number" }, { type: "number" }] },
        old: { type: "array", items: [{ type: "string" }] },
        map: { type: "object", additionalProperties: { type: "integer" } },
        named: { patternProperties: { "^x-": { type: "string" } } },
      },
    }),
  ).toEqual([
    "point: array",
    " item 1: number",
    " item 2: number",
    "old: array",
    " item 1: string",
    "map: object",
    " any other name: integer",
    "named: any",
    " names like ^x-: string",
  ]);
});

test("a schema that grows without end has an end", () => {
  const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`m${n}`, true]));
  expect(schemaRows({ properties: wide })).toHaveLength(1_000);
  // Each of ten levels refers ten times to the next one.
  const $defs: Record<string, unknown> = { l10: { type: "string" } };
  for (let level = 0; level < 10; level++)
    $defs[`l${level}`] = {
      properties: Object.fromEntries(
        Array.from({ length: 10 }, (_, n) => [`p${n}`, { $ref: `#/$defs/l${level + 1}` }]),
      ),
    };
  expect(schemaRows({ $ref: "#/$defs/l0", $defs }).length).toBe(1_000);
});

test("a schema that only refers ends, too", () => {
  const $defs: Record<string, unknown> = { l10: {} };
  for (let level = 0; level < 10; level++) {
    const next = Array.from({ length: 10 }, () => ({ $ref: `#/$defs/l${level + 1}` }));
    $defs[`l${level}`] = { allOf: next, anyOf: next };
  }
  const rows = schemaRows({ properties: { a: { $ref: "#/$defs/l0" } }, $defs });
  expect(rows.length).toBeLessThanOrEqual(1_000);
});

test("what stands beside a reference describes the member", () => {
  const [row] = schemaRows({
    $defs: { money: { type: "integer", description: "Cents." } },
    properties: { fee: { $ref: "#/$defs/money", description: "What it costs." } },
  });
  expect(row?.description).toBe("What it costs.");
  expect(row?.type).toBe("integer");
});

test("what is no schema has no rows", () => {
  for (const schema of [undefined, null, true, 1, "x", [], { properties: [] }, { allOf: 3 }])
    expect(schemaRows(schema)).toEqual([]);
});

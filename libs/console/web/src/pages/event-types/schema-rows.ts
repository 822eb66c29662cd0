/**
 * A JSON schema as the rows of a table (draft 7 and 2020-12).
 *
 * A schema that refers to itself ends at the row that says so, and a table has at most `ROWS_MAX`
 * rows. What is not understood is left out; the page shows the schema itself, too.
 */

import { isObject } from "./example";

export interface SchemaRow {
  /** Unique in the table. */
  key: string;
  depth: number;
  name: string;
  type: string;
  required: boolean;
  description: string;
  /** Rules that values keep, in words. */
  rules: string[];
}

type Schema = Record<string, unknown>;

const ROWS_MAX = 1_000;
const DEPTH_MAX = 24;
/** Schemas that are looked at: references can make a small document large. */
const STEPS_MAX = 50_000;

/** The members of an object's schema, and theirs, in the order of the schema. */
export function schemaRows(root: unknown): SchemaRow[] {
  const table = new Table(isObject(root) ? root : {});
  table.addMembers(root, 0, "", []);
  return table.rows;
}

class Table {
  readonly rows: SchemaRow[] = [];
  private steps = 0;

  constructor(private readonly root: Schema) {}

  /** Adds what is inside of a value: members of an object, items of an array, alternatives. */
  addMembers(found: unknown, depth: number, path: string, seen: Schema[]): void {
    const schema = this.resolved(found);
    if (schema === undefined || seen.includes(schema) || depth > DEPTH_MAX) return;
    const inside = [...seen, schema];
    for (const part of list(schema.allOf)) this.addMembers(part, depth, path, inside);
    const required = this.requiredOf(schema);
    for (const [name, member] of entries(schema.properties))
      this.addRow(name, member, required.has(name), depth, `${path}/${name}`, inside);
    for (const [pattern, member] of entries(schema.patternProperties))
      this.addRow(`names like ${pattern}`, member, false, depth, `${path}/~${pattern}`, inside);
    if (isObject(schema.additionalProperties))
      this.addRow("any other name", schema.additionalProperties, false, depth, `${path}/*`, inside);
    this.addItems(schema, depth, path, inside);
    this.addAlternatives(schema, depth, path, inside);
  }

  private addItems(schema: Schema, depth: number, path: string, seen: Schema[]): void {
    const tuple = list(schema.prefixItems ?? schema.items);
    tuple.forEach((item, place) => {
      this.addRow(`item ${place + 1}`, item, false, depth, `${path}/${place}`, seen);
    });
    if (isObject(schema.items)) this.addMembers(schema.items, depth, `${path}[]`, seen);
  }

  private addAlternatives(schema: Schema, depth: number, path: string, seen: Schema[]): void {
    for (const keyword of ["oneOf", "anyOf"]) {
      const choices = list(schema[keyword]).filter((choice) => !isNull(this.resolved(choice)));
      // What may only be null besides is no choice.
      if (choices.length === 1) this.addMembers(choices[0], depth, `${path}?`, seen);
      else
        choices.forEach((choice, place) => {
          const name = `${place === 0 ? "either" : "or"}${titleOf(this.resolved(choice))}`;
          this.addRow(name, choice, false, depth, `${path}?${keyword}${place}`, seen);
        });
    }
  }

  private addRow(
    name: string,
    member: unknown,
    required: boolean,
    depth: number,
    path: string,
    seen: Schema[],
  ): void {
    if (this.rows.length >= ROWS_MAX) return;
    const schema = this.resolved(member) ?? {};
    const again = this.repeats(schema, seen);
    this.rows.push({
      key: `${path}#${this.rows.length}`,
      depth,
      name,
      type: this.typeOf(member, DEPTH_MAX),
      required,
      description: ownDescription(member) || textOf(schema.description) || textOf(schema.title),
      rules: again ? ["has the same members again"] : rulesOf(schema),
    });
    if (!again) this.addMembers(member, depth + 1, path, seen);
  }

  /** Whether a value, or its items, is one that it is in. */
  private repeats(schema: Schema, seen: Schema[]): boolean {
    const items = this.resolved(schema.items);
    return seen.includes(schema) || (items !== undefined && seen.includes(items));
  }

  private requiredOf(schema: Schema): Set<unknown> {
    return new Set(list(schema.required));
  }

  /** The type in words, such as "array of string". */
  private typeOf(found: unknown, depth: number): string {
    const schema = this.resolved(found);
    if (schema === undefined || depth === 0) return "any";
    const { type } = schema;
    if (type === "array" || (type === undefined && isObject(schema.items)))
      return isObject(schema.items) ? `array of ${this.typeOf(schema.items, depth - 1)}` : "array";
    if (typeof type === "string") return type;
    if (Array.isArray(type)) return type.filter((one) => typeof one === "string").join(" or ");
    if (isObject(schema.properties)) return "object";
    const choices = list(schema.oneOf ?? schema.anyOf);
    if (choices.length > 0)
      return [...new Set(choices.map((choice) => this.typeOf(choice, depth - 1)))].join(" or ");
    const merged = list(schema.allOf)[0];
    if (merged !== undefined) return this.typeOf(merged, depth - 1);
    const values = "const" in schema ? [schema.const] : list(schema.enum);
    return [...new Set(values.map(typeName))].join(" or ") || "any";
  }

  /** Follows references within the document; undefined of what is no schema. */
  private resolved(found: unknown): Schema | undefined {
    let schema = found;
    for (let followed = 0; followed < DEPTH_MAX; followed++) {
      this.steps += 1;
      if (!isObject(schema) || this.steps > STEPS_MAX) return undefined;
      const reference = schema.$ref;
      if (typeof reference !== "string") return schema;
      schema = this.at(reference);
    }
    return undefined;
  }

  /** What a JSON pointer (RFC 6901) in a fragment leads to. */
  private at(reference: string): unknown {
    if (reference !== "#" && !reference.startsWith("#/")) return undefined;
    let found: unknown = this.root;
    for (const part of reference.split("/").slice(1)) {
      const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
      if (Array.isArray(found)) found = found[Number(name)];
      else if (isObject(found) && Object.hasOwn(found, name)) found = found[name];
      else return undefined;
    }
    return found;
  }
}

/** The rules of a schema for values, in words. */
function rulesOf(schema: Schema): string[] {
  const rules: string[] = [];
  const number = (keyword: string, words: string) => {
    const value = schema[keyword];
    if (typeof value === "number") rules.push(`${words} ${value}`);
  };
  if (typeof schema.format === "string") rules.push(`format ${schema.format}`);
  if ("const" in schema) rules.push(`always ${JSON.stringify(schema.const)}`);
  const values = list(schema.enum);
  if (values.length > 0)
    rules.push(`one of ${values.map((value) => JSON.stringify(value)).join(", ")}`);
  number("minimum", "at least");
  number("exclusiveMinimum", "more than");
  number("maximum", "at most");
  number("exclusiveMaximum", "less than");
  number("multipleOf", "a multiple of");
  number("minLength", "characters at least");
  number("maxLength", "characters at most");
  number("minItems", "items at least");
  number("maxItems", "items at most");
  if (typeof schema.pattern === "string") rules.push(`like ${schema.pattern}`);
  if (schema.uniqueItems === true) rules.push("no item twice");
  if (schema.additionalProperties === false) rules.push("no other members");
  if ("default" in schema) rules.push(`default ${JSON.stringify(schema.default)}`);
  if (schema.deprecated === true) rules.push("deprecated");
  return rules;
}

function titleOf(schema: Schema | undefined): string {
  const title = textOf(schema?.title);
  return title && ` ${title}`;
}

/** What stands beside a reference, and says what it is here. */
function ownDescription(member: unknown): string {
  return isObject(member) ? textOf(member.description) : "";
}

function isNull(schema: Schema | undefined): boolean {
  return schema?.type === "null";
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

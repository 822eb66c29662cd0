/** An example of what a JSON schema describes. */

import { isObject } from "../../components/json";

const DEPTH_MAX = 8;
const BY_FORMAT: Record<string, string> = {
  "date-time": "2026-01-31T12:00:00Z",
  date: "2026-01-31",
  time: "12:00:00Z",
  email: "ada@example.com",
  uri: "https://example.com/",
  uuid: "0190f0f5-a000-7000-8000-00000000002a",
};

/** The example that a schema has itself, or else one that is made of what it says. */
export function exampleOf(schema: unknown): unknown {
  return made(schema, schema, 0);
}

/** The greatest version of an event type's schemas: numbers by their value. */
export function latestVersion(schemas: Record<string, unknown> | null): string | undefined {
  return Object.keys(schemas ?? {})
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
}

function made(schema: unknown, root: unknown, depth: number): unknown {
  if (!isObject(schema) || depth > DEPTH_MAX) return null;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  for (const given of ["example", "default", "const"]) if (given in schema) return schema[given];
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (typeof schema.$ref === "string") return made(referred(schema.$ref, root), root, depth + 1);
  for (const choice of ["oneOf", "anyOf"]) {
    const choices = schema[choice];
    if (Array.isArray(choices)) return made(choices[0], root, depth + 1);
  }
  if (Array.isArray(schema.allOf)) return together(schema, root, depth);
  return ofType(schema, root, depth);
}

function ofType(schema: Record<string, unknown>, root: unknown, depth: number): unknown {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || isObject(schema.properties)) {
    const properties = isObject(schema.properties) ? schema.properties : {};
    return Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, made(each, root, depth + 1)]),
    );
  }
  if (type === "array") return [made(schema.items, root, depth + 1)];
  if (type === "string") return BY_FORMAT[String(schema.format)] ?? "text";
  if (type === "integer" || type === "number")
    return typeof schema.minimum === "number" ? schema.minimum : 1;
  return type === "boolean" ? true : null;
}

function together(schema: Record<string, unknown>, root: unknown, depth: number): unknown {
  const parts = [...(schema.allOf as unknown[]), { ...schema, allOf: undefined }];
  const examples = parts.map((part) => made(part, root, depth + 1));
  return Object.assign({}, ...examples.filter(isObject));
}

/** What a reference within the same document, such as `#/$defs/customer`, leads to. */
function referred(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#")) return undefined;
  let found: unknown = root;
  for (const part of reference.slice(1).split("/").filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

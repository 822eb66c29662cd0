/** Examples from JSON schemas, by the same rules as those that the API sends. */

const DEPTH_MAX = 16;
const NOTHING = Symbol();

type Json = Record<string, unknown>;

/** The version of the newest schema: `10` and `v10` are above `9`. */
export function newestVersion(schemas: Record<string, unknown> | null): string | undefined {
  return versionsOf(schemas)[0];
}

/** The versions of the schemas, the newest first. */
export function versionsOf(schemas: Record<string, unknown> | null): string[] {
  return Object.keys(schemas ?? {}).sort(
    (a, b) => versionNumber(b) - versionNumber(a) || (a < b ? 1 : -1),
  );
}

/** The example of a schema: the first of its `examples`, else one built from those of its members.
 * Undefined if there is none, or it is no object. */
export function exampleOf(schema: unknown): Json | undefined {
  const found = exampleValue(schema, DEPTH_MAX);
  return isObject(found) ? found : undefined;
}

function exampleValue(schema: unknown, depth: number): unknown {
  if (!isObject(schema) || depth === 0) return NOTHING;
  for (const name of ["examples", "enum"]) {
    const values = schema[name];
    if (Array.isArray(values) && values.length > 0) return values[0];
  }
  for (const name of ["example", "const", "default"]) if (name in schema) return schema[name];
  if (!isObject(schema.properties)) return NOTHING;
  const members = Object.entries(schema.properties)
    .map(([name, member]) => [name, exampleValue(member, depth - 1)] as const)
    .filter(([, value]) => value !== NOTHING);
  return members.length > 0 ? Object.fromEntries(members) : NOTHING;
}

function versionNumber(name: string): number {
  const digits = name.replace(/^[vV]+/, "");
  return /^\d{1,20}$/.test(digits) ? Number(digits) : -1;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

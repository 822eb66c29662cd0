/** Reading JSON for people: numbers stay as they are written. */

/** A number that JavaScript would write otherwise, such as one with 20 digits. */
export class WrittenNumber {
  constructor(readonly text: string) {}
}

/** The value of a text; undefined if it is not JSON. */
export function readJson(text: string): { value: unknown } | undefined {
  try {
    // What is written stands in the context (ECMAScript 2026); older browsers pass none.
    const read = JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
      const written = context?.source;
      const differs =
        typeof value === "number" && written !== undefined && String(value) !== written;
      return differs ? new WrittenNumber(written) : value;
    }) as unknown;
    return { value: read };
  } catch {
    return undefined;
  }
}

/** The members of an object or the items of an array; undefined for anything else. */
export function entriesOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== "object" || value === null || value instanceof WrittenNumber)
    return undefined;
  return Object.entries(value);
}

/** A value that has no others in it, as JSON writes it. */
export function scalarText(value: unknown): string {
  return value instanceof WrittenNumber ? value.text : (JSON.stringify(value) ?? "null");
}

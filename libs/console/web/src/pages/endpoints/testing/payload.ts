import { isObject } from "../../event-types/example";

/** The JSON object that a text has; undefined if it has none. */
export function payloadOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

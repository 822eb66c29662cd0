/** JSON that people write. */

export type ReadJson = { ok: true; value: unknown } | { ok: false; sentence: string };

/** Reads JSON; the sentence of an error says the line, where the browser tells the position. */
export function readJson(text: string): ReadJson {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, sentence: sentenceOf(error instanceof Error ? error.message : "", text) };
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON as people read it. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function sentenceOf(message: string, text: string): string {
  if (text.trim() === "") return "Write a JSON value.";
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined)
    return "This is no JSON: it ends too early, or has a wrong character.";
  const before = text.slice(0, Number(position)).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  return `This is no JSON: look at line ${before.length}, column ${column}.`;
}

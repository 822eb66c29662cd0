/** JSON that people write. */

export type ReadJson = { ok: true; value: unknown } | { ok: false; sentence: string };

const ENDS_EARLY = "This is no JSON: it ends too early, or has a wrong character.";

/** Reads JSON; the sentence of an error says the line, where that can be told. */
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

/** What is wrong with a text that is to be an object of texts, if anything. */
export function textsFault(text: string): string | null {
  const read = readJson(text);
  if (!read.ok) return read.sentence;
  const isTexts =
    isObject(read.value) && Object.values(read.value).every((each) => typeof each === "string");
  return isTexts ? null : 'Write an object of texts, such as {"plan": "team"}.';
}

/** JSON as people read it. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function sentenceOf(message: string, text: string): string {
  if (text.trim() === "") return "Write a JSON value.";
  const place = /line (\d+) column (\d+)/.exec(message);
  if (place) return `This is no JSON: look at line ${place[1]}, column ${place[2]}.`;
  const position = /position (\d+)/.exec(message)?.[1];
  // V8 does not say where an unexpected token is.
  if (position === undefined && !message.includes("is not valid JSON")) return ENDS_EARLY;
  const beginning = text.slice(0, position === undefined ? wrongAt(text) : Number(position) + 1);
  const before = beginning.split("\n");
  return `This is no JSON: look at line ${before.length}, column ${before.at(-1)?.length}.`;
}

/** The length of the shortest beginning of a text that no JSON begins with. */
function wrongAt(text: string): number {
  let possible = 0;
  let wrong = text.length;
  while (wrong - possible > 1) {
    const middle = Math.floor((possible + wrong) / 2);
    if (mayGoOn(text.slice(0, middle))) possible = middle;
    else wrong = middle;
  }
  return wrong;
}

/** Whether the only fault of a text is that it ends too early. */
function mayGoOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const position = /position (\d+)/.exec(message)?.[1];
    return /Unterminated|Unexpected end/.test(message) || Number(position) === text.length;
  }
}

/** The most that a key or a tenant may use, as forms and tables have it. */

interface Limits {
  requestsPerMinute: number | null;
  messagesPerMinute: number | null;
  payloadBytesPerMinute: number | null;
  applicationsMax?: number | null;
  endpointsMax?: number | null;
}

const NUMBER = new Intl.NumberFormat();
const WORDS: Record<keyof Limits, string> = {
  requestsPerMinute: "requests/min",
  messagesPerMinute: "messages/min",
  payloadBytesPerMinute: "bytes/min",
  applicationsMax: "applications",
  endpointsMax: "endpoints",
};

/** The limits that there are, in words. */
export function limitsOf(limits: Limits): string[] {
  return (Object.keys(WORDS) as (keyof Limits)[]).flatMap((name) => {
    const limit = limits[name];
    return limit == null ? [] : [`${NUMBER.format(limit)} ${WORDS[name]}`];
  });
}

/** What is wrong with the text of a limit, if anything. */
export function rateFault(text: string): string | null {
  return text.trim() === "" || /^\s*[1-9]\d{0,11}\s*$/.test(text)
    ? null
    : "Write a whole number, or nothing.";
}

/** The limit that a text stands for; null without one. */
export function rateOf(text: string): number | null {
  return text.trim() === "" ? null : Number(text);
}

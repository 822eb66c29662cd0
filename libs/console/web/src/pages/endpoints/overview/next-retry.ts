/** The earliest time at which one of these messages is sent again; undefined if none is. */
export function nextRetry(messages: { nextAttempt: string | null }[]): string | undefined {
  const times = messages.flatMap(({ nextAttempt }) => nextAttempt ?? []);
  return times.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}

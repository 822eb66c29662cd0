import type { Attempt } from "../../../api/redelivery";

/** Says how an attempt ended, and why it failed. */
export function outcomeWords(attempt: Attempt): { color: string; word: string; reason?: string } {
  const code = attempt.responseStatusCode > 0 ? ` ${attempt.responseStatusCode}` : "";
  if (attempt.status === 0) return { color: "teal", word: `Succeeded${code}` };
  if (attempt.status !== 2) return { color: "blue", word: "Under way" };
  return { color: "red", word: `Failed${code}`, reason: failureWords(attempt) };
}

/** Why an attempt failed, in a sentence if there is one. */
function failureWords(attempt: Attempt): string | undefined {
  const reason = attempt.failure ?? attempt.failureReason?.replaceAll("_", " ");
  return attempt.explanation?.cause ?? reason;
}

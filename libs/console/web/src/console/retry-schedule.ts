/** Retry schedules, as people write them: seconds between attempts, separated by commas. */

const NONE = "none";

/** A schedule as text: "" if it is inherited, "none" without retries. */
export function scheduleText(schedule: readonly number[] | null | undefined): string {
  if (!schedule) return "";
  return schedule.length === 0 ? NONE : schedule.join(", ");
}

/** The schedule that a text means; null to inherit it. */
export function scheduleOf(text: string): number[] | null {
  if (text.trim() === "") return null;
  return text.trim().toLowerCase() === NONE ? [] : parts(text).map(Number);
}

/** What is wrong with the text of a schedule; null if nothing is. */
export function scheduleFault(text: string): string | null {
  if (text.trim() === "" || text.trim().toLowerCase() === NONE) return null;
  return parts(text).every((delay) => /^\d{1,8}(\.\d+)?$/.test(delay))
    ? null
    : "Write seconds separated by commas, such as 5, 300, 1800.";
}

function parts(text: string): string[] {
  return text.split(",").map((each) => each.trim());
}

/** What a background task does, and how far it is. */

import type { Task } from "../../api/background-tasks";

export const TASK_NAMES: Record<Task["task"], string> = {
  "application.purge_content": "Delete contents",
  "application.stats": "Count deliveries by application",
  "endpoint.bulk-replay": "Replay messages",
  "endpoint.recover": "Resend failed messages",
  "endpoint.replay": "Send missing messages",
  "event-type.aggregate": "List event types by application",
};

export interface Progress {
  /** Between 0 and 100; null if it cannot be known. */
  percent: number | null;
  /** What was done, in words. */
  words: string;
}

/** How far a task is. */
export function progressOf(task: Task): Progress {
  const { looked, resent, skipped, expunged, kept } = task.data;
  const total = task.progress.total;
  const parts = [
    total === null ? `${looked} examined` : `${looked} of ${total} examined`,
    resent > 0 && `${resent} sent`,
    skipped > 0 && `${skipped} skipped`,
    expunged !== undefined && `${expunged} deleted`,
    kept !== undefined && kept > 0 && `${kept} kept`,
  ];
  const percent = task.state === "finished" ? 100 : task.progress.percent;
  return { percent, words: parts.filter(Boolean).join(", ") };
}

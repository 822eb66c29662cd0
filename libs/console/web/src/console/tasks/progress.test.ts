import { describe, expect, it } from "vitest";
import type { Task } from "../../api/background-tasks";
import { progressOf } from "./progress";

const TASK: Task = {
  id: "qtask_1",
  status: "running",
  state: "running",
  progress: { percent: null, done: 12, total: null },
  task: "endpoint.recover",
  updatedAt: "2026-01-01T00:00:00Z",
  data: { since: "", until: "", looked: 12, resent: 3, skipped: 0 },
};

describe("a task's progress", () => {
  it("says what was done", () => {
    expect(progressOf(TASK)).toEqual({ percent: null, words: "12 examined, 3 sent" });
    const known = { ...TASK, progress: { percent: 30, done: 12, total: 40 } };
    expect(progressOf(known)).toEqual({ percent: 30, words: "12 of 40 examined, 3 sent" });
  });

  it("is whole when the task is finished", () => {
    expect(progressOf({ ...TASK, status: "finished", state: "finished" }).percent).toBe(100);
  });
});

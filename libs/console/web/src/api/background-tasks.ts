/** Queries of background tasks. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type Task = Schemas["BackgroundTaskOut"];
export type TaskState = Task["state"];

const POLL_RUNNING_MS = 2_000;
const POLL_MS = 15_000;

export interface TaskFilter {
  status?: Schemas["TaskStatus"];
  task?: Schemas["TaskKind"];
}

/** Tasks, newest first; read again often while one runs. */
export function taskPages(filter: TaskFilter) {
  return infiniteQueryOptions({
    queryKey: ["background-tasks", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/background-task", {
          params: {
            query: { ...filter, limit: PAGE_ROWS, iterator: pageParam, order: "descending" },
          },
          signal,
        }),
      ),
    ...byIterator,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.data.some((task) => task.status === "running"))
        ? POLL_RUNNING_MS
        : POLL_MS,
  });
}

/** Cancels a running task. */
export function cancelTask(taskId: string): Promise<Task> {
  return dataOf(
    api.POST("/api/v1/background-task/{task_id}/cancel", {
      params: { path: { task_id: taskId } },
    }),
  );
}

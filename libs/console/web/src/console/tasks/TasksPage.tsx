import { Anchor, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  cancelTask,
  type Task,
  type TaskFilter,
  type TaskState,
  taskPages,
} from "../../api/background-tasks";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { ChoiceFilter } from "../components/FilterFields";
import { Mono } from "../components/Mono";
import { useMay } from "../permissions";
import { useFilters } from "../use-filters";
import { progressOf, TASK_NAMES } from "./progress";

const STATES: Record<TaskState, { color: string; word: string }> = {
  running: { color: "blue", word: "Running" },
  finished: { color: "teal", word: "Finished" },
  failed: { color: "red", word: "Failed" },
  canceled: { color: "gray", word: "Canceled" },
};

/** Background tasks, with their progress as it is. */
export function TasksPage() {
  const may = useMay();
  const queries = useQueryClient();
  const [filters, filter] = useFilters(["status", "task"]);
  const [canceling, setCanceling] = useState<Task>();
  const tasks = useInfiniteQuery(taskPages(filters as TaskFilter));
  const isFiltered = filters.status !== undefined || filters.task !== undefined;
  return (
    <Page
      title="Tasks"
      description="Replays, deletions and counts that run in the background, newest first."
    >
      <Group role="search">
        <ChoiceFilter
          label="Status"
          value={filters.status}
          choices={[
            { value: "running", label: "Running" },
            { value: "finished", label: "Finished" },
            { value: "failed", label: "Failed or canceled" },
          ]}
          onChange={(status) => filter({ status })}
        />
        <ChoiceFilter
          label="Kind"
          value={filters.task}
          choices={Object.entries(TASK_NAMES).map(([value, label]) => ({ value, label }))}
          onChange={(task) => filter({ task })}
        />
      </Group>
      <EndlessTable
        label="Background tasks"
        query={tasks}
        columns={columns(may("manage_tasks") ? setCanceling : undefined)}
        rowKey={({ id }) => id}
        empty={
          <Empty title={isFiltered ? "No task is found" : "No tasks yet"}>
            Tasks begin when somebody replays messages, deletes contents or counts deliveries.
          </Empty>
        }
      />
      <ConfirmDialog
        opened={canceling !== undefined}
        title="Cancel the task?"
        verb="Cancel the task"
        act={() => cancelTask(canceling?.id ?? "")}
        onDone={() => void queries.invalidateQueries({ queryKey: ["background-tasks"] })}
        onClose={() => setCanceling(undefined)}
      >
        <Text size="sm">
          What it has done stays done. The rest is left as it is: start a new task for it.
        </Text>
      </ConfirmDialog>
    </Page>
  );
}

function columns(onCancel: ((task: Task) => void) | undefined): Column<Task>[] {
  return [
    {
      name: "Task",
      cell: ({ id, task, data }) => (
        <Stack gap={2}>
          <Text size="sm">{TASK_NAMES[task] ?? task}</Text>
          <Mono>{id}</Mono>
          {data.appId && (
            <Anchor
              component={Link}
              size="xs"
              to={
                data.endpointId
                  ? `/applications/${data.appId}/endpoints/${data.endpointId}`
                  : `/applications/${data.appId}`
              }
            >
              {data.endpointId ?? data.appId}
            </Anchor>
          )}
        </Stack>
      ),
    },
    {
      name: "State",
      width: 9,
      cell: (task) => {
        const { color, word } = STATES[task.state];
        return <StatusBadge color={color}>{word}</StatusBadge>;
      },
    },
    { name: "Progress", cell: (task) => <TaskProgress task={task} /> },
    { name: "Updated", width: 9, cell: ({ updatedAt }) => <When at={updatedAt} /> },
    {
      name: "Actions",
      width: 7,
      cell: (task) =>
        onCancel &&
        task.status === "running" && (
          <Button variant="default" size="compact-xs" onClick={() => onCancel(task)}>
            Cancel
          </Button>
        ),
    },
  ];
}

function TaskProgress(props: { task: Task }) {
  const { task } = props;
  const { percent, words } = progressOf(task);
  const isRunning = task.status === "running";
  return (
    <Stack gap={4}>
      {(percent !== null || isRunning) && (
        <Progress
          value={percent ?? 100}
          animated={isRunning && percent === null}
          size="sm"
          aria-label="Progress"
        />
      )}
      <Text size="xs" c="dimmed">
        {words}
      </Text>
      {task.data.error && (
        <Text size="xs" c={isRunning ? "dimmed" : undefined}>
          {task.data.error}
        </Text>
      )}
    </Stack>
  );
}

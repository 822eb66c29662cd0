import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { identity } from "../../../api/identity";
import { type BackgroundTask, backgroundTask } from "../../../api/redelivery";

/** How far a recovery or replay has come, as far as the token may know. */
export function TaskProgress(props: { taskId: string }) {
  const who = useQuery(identity);
  const mayRead = who.data?.permissions?.includes("read_tasks") ?? false;
  const task = useQuery({ ...backgroundTask(props.taskId), enabled: mayRead });
  return (
    <Alert color={task.data?.status === "failed" ? "red" : "teal"} role="status" title="Started">
      {task.data
        ? progressWords(task.data)
        : "The messages are sent in the background. They appear among the recent attempts."}
    </Alert>
  );
}

function progressWords({ status, data }: BackgroundTask): string {
  const sent = `${data.resent.toLocaleString()} of ${data.looked.toLocaleString()} messages sent`;
  if (status === "running") return `${sent} so far.${data.error ? ` ${data.error}` : ""}`;
  return status === "finished" ? `Finished: ${sent}.` : `Stopped: ${data.error ?? sent}`;
}

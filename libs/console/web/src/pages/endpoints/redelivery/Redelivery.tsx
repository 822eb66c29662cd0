import { Button, Group, NativeSelect, Radio, Stack, TextInput } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Endpoint } from "../../../api/endpoints";
import {
  type RedeliveryTask,
  redeliveryPreview,
  startRedelivery,
  type Wanted,
} from "../../../api/redelivery";
import { Failure } from "../../../components/Failure";
import { Loaded } from "../../../components/Loaded";
import { Section } from "../../../components/Section";
import "../../../theme/form-styles";
import { useApplication } from "../../application";
import { kindOf } from "../endpoint-kind";
import { Preview } from "./Preview";
import { PERIODS, sinceOf } from "./periods";
import { TaskProgress } from "./TaskProgress";

const TASKS: { value: RedeliveryTask; label: string; description: string }[] = [
  {
    value: "recover",
    label: "Recover what failed",
    description:
      "Messages whose retries are used up, and those that were cancelled because the endpoint was disabled.",
  },
  {
    value: "replay-missing",
    label: "Replay what was never sent",
    description:
      "Messages that match the endpoint and were never attempted, such as those from before it existed.",
  },
  {
    value: "bulk-replay",
    label: "Replay everything",
    description:
      "All messages that match the endpoint, also those that were delivered: your receiver gets them again.",
  },
];

/** Sends messages of a time again, after it has shown how many that are. */
export default function Redelivery(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const isPolled = kindOf(endpoint.url) === "poller";
  // Nothing fails at an endpoint that is polled.
  const tasks = isPolled ? TASKS.filter(({ value }) => value !== "recover") : TASKS;
  const [task, setTask] = useState<RedeliveryTask>(tasks[0]?.value ?? "recover");
  const [period, setPeriod] = useState("day");
  const [from, setFrom] = useState("");
  const [wanted, setWanted] = useState<Omit<Wanted, "eventTypes">>();
  const since = sinceOf(period, from, new Date());
  const change = <Value,>(set: (value: Value) => void) => {
    return (value: Value) => {
      set(value);
      setWanted(undefined);
    };
  };
  return (
    <Section
      title="Recover and replay"
      description="Sends messages again. You see how many before anything is sent."
    >
      <Stack gap="md" maw={720}>
        <Radio.Group
          label="What to send"
          value={task}
          onChange={(value) => change(setTask)(value as RedeliveryTask)}
        >
          <Stack gap="xs" mt="xs">
            {tasks.map((one) => (
              <Radio key={one.value} {...one} />
            ))}
          </Stack>
        </Radio.Group>
        <Group align="flex-end">
          <NativeSelect
            label="From when"
            value={period}
            data={PERIODS}
            onChange={(event) => change(setPeriod)(event.currentTarget.value)}
          />
          {period === "time" && (
            <TextInput
              type="datetime-local"
              label="Since"
              value={from}
              onChange={(event) => change(setFrom)(event.currentTarget.value)}
            />
          )}
          <Button
            variant="default"
            disabled={since === undefined}
            onClick={() => since !== undefined && setWanted({ task, since })}
          >
            Count the messages
          </Button>
        </Group>
        {wanted && <DryRun key={JSON.stringify(wanted)} endpoint={endpoint} wanted={wanted} />}
      </Stack>
    </Section>
  );
}

/** What would be sent, and the button that sends it. */
function DryRun(props: { endpoint: Endpoint; wanted: Omit<Wanted, "eventTypes"> }) {
  const { endpoint, wanted } = props;
  const { appId } = useApplication();
  const [chosen, setChosen] = useState<string[]>([]);
  const all = useQuery(redeliveryPreview(appId, endpoint.id, { ...wanted, eventTypes: [] }));
  const preview = useQuery({
    ...redeliveryPreview(appId, endpoint.id, { ...wanted, eventTypes: chosen }),
    placeholderData: keepPreviousData,
  });
  const start = useMutation({
    mutationFn: () => startRedelivery(appId, endpoint.id, { ...wanted, eventTypes: chosen }),
  });
  if (start.data !== undefined) return <TaskProgress taskId={start.data} />;
  return (
    <Loaded query={preview} lines={2}>
      {(found) => (
        <Stack gap="sm">
          <Preview
            preview={found}
            eventTypes={all.data?.eventTypes ?? found.eventTypes}
            chosen={chosen}
            onChosen={wanted.task === "bulk-replay" ? setChosen : undefined}
          />
          {start.isError && <Failure error={start.error} />}
          {found.messages > 0 && (
            <div>
              <Button
                loading={start.isPending}
                disabled={preview.isPlaceholderData}
                onClick={() => start.mutate()}
              >
                {sendWords(found.messages, found.complete)}
              </Button>
            </div>
          )}
        </Stack>
      )}
    </Loaded>
  );
}

function sendWords(messages: number, complete: boolean): string {
  const count = messages.toLocaleString();
  if (!complete) return `Send ${count} messages or more`;
  return messages === 1 ? "Send 1 message" : `Send ${count} messages`;
}

import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Endpoint, endpointSeries } from "../../../api/endpoints";
import { useApplication } from "../../application";
import { milliseconds } from "./milliseconds";

/** Percentiles of the newest day with attempts. */
export function Latency(props: { endpoint: Endpoint }) {
  const { appId } = useApplication();
  const days = useQuery(endpointSeries(appId, props.endpoint.id, "day"));
  const newest = days.data?.data.findLast(({ attemptDurationMs }) => attemptDurationMs !== null);
  if (!newest?.attemptDurationMs)
    return (
      <Text size="xl" fw={600}>
        –
      </Text>
    );
  const { p50, p95, p99 } = newest.attemptDurationMs;
  return (
    <>
      <Group gap="md">
        <Percentile name="p50" value={p50} />
        <Percentile name="p95" value={p95} />
        <Percentile name="p99" value={p99} />
      </Group>
      <Text size="xs" c="dimmed">
        {dayWords(newest.startsAt)}
      </Text>
    </>
  );
}

function Percentile(props: { name: string; value: number }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {props.name}
      </Text>
      <Text fw={600}>{milliseconds(props.value)}</Text>
    </Stack>
  );
}

/** Days are those of UTC, as the API counts them. */
function dayWords(startsAt: string): string {
  const day = startsAt.slice(0, 10);
  if (day === new Date().toISOString().slice(0, 10)) return "Today (UTC)";
  return new Date(startsAt).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" });
}

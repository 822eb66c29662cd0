import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import {
  deliveryState,
  type Endpoint,
  endpointSeries,
  retriedMessages,
} from "../../../api/endpoints";
import { Loaded } from "../../../components/Loaded";
import { Section } from "../../../components/Section";
import { Sparkline } from "../../../components/Sparkline";
import { When } from "../../../components/When";
import { useApplication } from "../../application";
import { activityWords, byHour, successRate, sum } from "../activity";
import { atMostCounted } from "../endpoint-status";
import { Latency } from "./Latency";
import { nextRetry } from "./next-retry";

/** More deliveries than this are not looked at for the next retry. */
const RETRIED_MAX = 250;

/** The numbers by which one sees whether an endpoint works. */
export function Health(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId } = useApplication();
  const hours = useQuery(endpointSeries(appId, endpoint.id, "hour"));
  return (
    <Section title="Health">
      <Loaded query={hours} lines={2}>
        {({ data }) => (
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="lg">
            <Successes {...byHour(data, new Date())} />
            <Fact label="Duration of attempts">
              <Latency endpoint={endpoint} />
            </Fact>
            <Waiting endpoint={endpoint} />
            <NextRetry endpoint={endpoint} />
          </SimpleGrid>
        )}
      </Loaded>
    </Section>
  );
}

function Successes(props: { success: number[]; fail: number[] }) {
  const { success, fail } = props;
  const words = activityWords(props);
  return (
    <Fact
      label="Success rate, last 24 hours"
      value={successRate(sum(success), sum(fail)) ?? "–"}
      note={words}
    >
      <Sparkline success={success} fail={fail} label={words} />
    </Fact>
  );
}

function Waiting(props: { endpoint: Endpoint }) {
  const { appId } = useApplication();
  const { data } = useQuery(deliveryState(appId, props.endpoint.id));
  return (
    <Fact
      label="Waiting"
      value={data ? atMostCounted(data.parked + data.scheduled) : "–"}
      note={
        data &&
        `${atMostCounted(data.scheduled)} for a retry, ${atMostCounted(data.parked)} for their turn`
      }
    />
  );
}

function NextRetry(props: { endpoint: Endpoint }) {
  const { appId } = useApplication();
  const { data } = useQuery(retriedMessages(appId, props.endpoint.id, RETRIED_MAX));
  const next = data && nextRetry(data.data);
  return (
    <Fact
      label="Next retry"
      value={next ? <When at={next} /> : data ? "None" : "–"}
      note={
        next && data && !data.done
          ? `Of the newest ${RETRIED_MAX} that wait, or earlier`
          : undefined
      }
    />
  );
}

/** A number with what it means. */
export function Fact(props: {
  label: string;
  value?: ReactNode;
  note?: string;
  children?: ReactNode;
}) {
  const { label, value, note, children } = props;
  return (
    <Stack gap={4} miw={0}>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      {value !== undefined && (
        <Text size="xl" fw={600}>
          {value}
        </Text>
      )}
      {children}
      {note && (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Stack>
  );
}

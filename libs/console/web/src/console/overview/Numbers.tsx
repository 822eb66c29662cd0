import { Paper, SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { platformState } from "../../api/platform";
import { tenantBacklog } from "../../api/statistics";
import { When } from "../../components/When";
import { useMay } from "../permissions";
import { spanOf } from "../units";
import { durationOf, type Totals } from "./points";
import type { Range } from "./ranges";

const NUMBER = new Intl.NumberFormat();
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 2 });
const COUNTED_TO = 10_000;

/** The numbers of a range of time, and what is open at this moment. */
export function Numbers(props: { totals: Totals; range: Range }) {
  const { totals, range } = props;
  const { data: backlog } = useQuery(tenantBacklog);
  const { latest } = totals;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
      <Figure label="Accepted messages" value={NUMBER.format(totals.accepted)} />
      <Figure label="Delivered" value={NUMBER.format(totals.delivered)} />
      <Figure
        label="Failed attempts"
        value={NUMBER.format(totals.failed)}
        note={
          totals.successRate === null ? undefined : `${PERCENT.format(totals.successRate)} succeed`
        }
      />
      <Figure
        label={`Latency, last ${range.resolution} with deliveries`}
        value={durationOf(latest?.p50 ?? null)}
        note={`p95 ${durationOf(latest?.p95 ?? null)} · p99 ${durationOf(latest?.p99 ?? null)}`}
      />
      <Figure
        label="Backlog: deliveries to retry"
        value={backlog ? counted(backlog.pendingDeliveries) : "—"}
        note={backlog && `${counted(backlog.parkedDeliveries)} held until an endpoint is back`}
      />
      <Figure
        label="Oldest of them due"
        value={backlog?.oldestDueAt ? <When at={backlog.oldestDueAt} /> : "—"}
        note={<OldestOpen />}
      />
    </SimpleGrid>
  );
}

/** How long the oldest accepted message has been open, for who may see the platform. */
function OldestOpen() {
  const may = useMay();
  const { data } = useQuery({ ...platformState, enabled: may("read_platform") });
  if (!data?.backlog) return null;
  const { oldestOpenS } = data.backlog;
  return oldestOpenS === null
    ? "every accepted message is sent"
    : `oldest open batch: ${spanOf(oldestOpenS)}`;
}

function Figure(props: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Paper withBorder p="sm">
      <Text size="xs" c="dimmed">
        {props.label}
      </Text>
      <Text fw={600} size="xl">
        {props.value}
      </Text>
      <Text size="xs" c="dimmed" mih="1.2em">
        {props.note}
      </Text>
    </Paper>
  );
}

/** A number that the API counts up to a limit. */
function counted(number: number): string {
  return number >= COUNTED_TO ? `${NUMBER.format(COUNTED_TO)}+` : NUMBER.format(number);
}

import { Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type PlatformState, platformState } from "../../api/platform";
import { sizeOf } from "../../components/bytes";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { spanOf } from "../units";
import { Findings } from "./Findings";
import { ProcessTable } from "./ProcessTable";
import { StreamTable } from "./StreamTable";

/** The platform itself: what `doctor` finds, its processes, its streams and its Redis. */
export function PlatformPage() {
  const state = useQuery(platformState);
  return (
    <Page title="Platform">
      <Section title="Findings">
        <Findings />
      </Section>
      <Loaded query={state} lines={10}>
        {(found) => <State state={found} />}
      </Loaded>
    </Page>
  );
}

function State(props: { state: PlatformState }) {
  const { processes, streams } = props.state;
  return (
    <Stack gap="xl">
      <Figures state={props.state} />
      <Section title="Processes">
        {processes === null ? <Unread /> : <ProcessTable processes={processes} />}
      </Section>
      <Section title="Streams">
        {streams === null ? <Unread /> : <StreamTable streams={streams} />}
      </Section>
    </Stack>
  );
}

function Figures(props: { state: PlatformState }) {
  const { version, backlog, redis, quarantine } = props.state;
  const quarantined =
    quarantine && Object.values(quarantine).reduce((sum, count) => sum + count, 0);
  const limit = redis?.maxMemoryBytes ? `of ${sizeOf(redis.maxMemoryBytes)}` : "without a limit";
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
      <Figure label="Version" value={version} />
      <Figure
        label="Open batches"
        value={backlog?.openBatches ?? "—"}
        note={
          backlog?.oldestOpenS !== null && backlog !== null
            ? `the oldest for ${spanOf(backlog.oldestOpenS)}`
            : undefined
        }
      />
      <Figure
        label="Scheduled messages"
        value={backlog?.scheduleLateS ? `${spanOf(backlog.scheduleLateS)} late` : "On time"}
      />
      <Figure label="Batches set aside" value={backlog?.setAsideBatches ?? "—"} />
      <Figure
        label="Quarantine"
        value={quarantined ?? "—"}
        note={quarantined ? <Link to="/quarantine">Open</Link> : undefined}
      />
      <Figure
        label={redis ? `${redis.name} ${redis.version}` : "Redis"}
        value={redis ? sizeOf(redis.usedMemoryBytes) : "—"}
        note={redis && `${limit}, ${redis.clients} clients, up ${spanOf(redis.uptimeS)}`}
      />
    </SimpleGrid>
  );
}

function Figure(props: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Paper withBorder p="sm">
      <Text size="xs" c="dimmed">
        {props.label}
      </Text>
      <Text fw={600} size="lg">
        {props.value}
      </Text>
      <Text size="xs" c="dimmed" component="div">
        {props.note}
      </Text>
    </Paper>
  );
}

function Section(props: { title: string; children: ReactNode }) {
  return (
    <Stack gap="xs" component="section" aria-label={props.title}>
      <Title order={2} size="h5">
        {props.title}
      </Title>
      {props.children}
    </Stack>
  );
}

function Unread() {
  return (
    <Text size="sm" c="dimmed">
      This could not be read in time. The findings say why.
    </Text>
  );
}

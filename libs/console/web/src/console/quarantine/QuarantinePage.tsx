import { Anchor, Button, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  type QuarantineEntry,
  quarantinePages,
  type Service,
  type SetAsideBatch,
  setAsidePages,
} from "../../api/quarantine";
import { sizeOf } from "../../components/bytes";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { When } from "../../components/When";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { ChoiceFilter } from "../components/FilterFields";
import { Mono } from "../components/Mono";
import { useMay } from "../permissions";
import { useFilters } from "../use-filters";
import { DropDialog } from "./DropDialog";
import { ReplayDialog, type Replaying } from "./ReplayDialog";

/** What the services could not handle, and the way back or out. */
export function QuarantinePage() {
  const mayManage = useMay()("manage_quarantine");
  const [{ service }, filter] = useFilters(["service"]);
  const [replaying, setReplaying] = useState<Replaying>();
  const [droppingAll, setDroppingAll] = useState(false);
  const entries = useInfiniteQuery(quarantinePages(service as Service | undefined));
  const hasEntries = entries.data?.pages.some((page) => page.data.length > 0);
  return (
    <Page
      title="Quarantine"
      description="Entries that a service could not handle. No message is lost: its batch stays open until it is delivered."
      actions={
        mayManage &&
        hasEntries && (
          <>
            <Button
              variant="default"
              onClick={() => setReplaying({ chosen: { all: true }, what: "everything" })}
            >
              Replay all
            </Button>
            <Button variant="default" onClick={() => setDroppingAll(true)}>
              Drop all
            </Button>
          </>
        )
      }
    >
      <ChoiceFilter
        label="Service"
        value={service}
        choices={["gateway", "dispatcher", "worker"].map((value) => ({ value, label: value }))}
        onChange={(chosen) => filter({ service: chosen })}
      />
      <EndlessTable
        label="Entries in quarantine"
        query={entries}
        columns={ENTRY_COLUMNS}
        rowKey={({ id }) => id}
        minWidth={56}
        empty={<Empty title="The quarantine is empty">Every entry could be handled.</Empty>}
      />
      <SetAside onReplay={mayManage ? setReplaying : undefined} />
      <ReplayDialog replaying={replaying} onClose={() => setReplaying(undefined)} />
      <DropDialog
        opened={droppingAll}
        chosen={{ all: true }}
        what="all entries"
        onClose={() => setDroppingAll(false)}
      />
    </Page>
  );
}

const ENTRY_COLUMNS: Column<QuarantineEntry>[] = [
  {
    name: "Entry",
    cell: ({ id, contract }) => (
      <Stack gap={0}>
        <Anchor component={Link} to={`/quarantine/${id}`}>
          <Mono>{id}</Mono>
        </Anchor>
        <Text size="xs" c="dimmed">
          {contract}
        </Text>
      </Stack>
    ),
  },
  { name: "Reason", cell: ({ reason }) => <Text size="sm">{reason}</Text> },
  { name: "Tries", width: 5, align: "end", cell: ({ tries }) => String(tries) },
  { name: "Size", width: 7, align: "end", cell: ({ sizeBytes }) => sizeOf(sizeBytes) },
  {
    name: "A replay",
    cell: ({ replayable, refusal }) => (replayable ? "can help" : (refusal ?? "cannot help")),
  },
  { name: "Since", width: 9, cell: ({ quarantinedAt }) => <When at={quarantinedAt} /> },
];

function SetAside(props: { onReplay: ((replaying: Replaying) => void) | undefined }) {
  const { onReplay } = props;
  const batches = useInfiniteQuery(setAsidePages);
  const columns: Column<SetAsideBatch>[] = [
    { name: "Batch", cell: ({ id }) => <Mono>{id}</Mono> },
    { name: "Messages", width: 7, align: "end", cell: ({ messages }) => String(messages) },
    { name: "Published", width: 7, align: "end", cell: ({ publications }) => `${publications} ×` },
    { name: "Size", width: 7, align: "end", cell: ({ sizeBytes }) => sizeOf(sizeBytes) },
    { name: "Accepted", width: 9, cell: ({ acceptedAt }) => <When at={acceptedAt} /> },
    {
      name: "Actions",
      width: 7,
      cell: ({ id }) =>
        onReplay && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Replay ${id}`}
            onClick={() => onReplay({ chosen: { ids: [id] }, what: id })}
          >
            Replay
          </Button>
        ),
    },
  ];
  return (
    <Stack gap="xs" component="section" aria-label="Batches set aside">
      <Title order={2} size="h5">
        Batches set aside
      </Title>
      <EndlessTable
        label="Batches set aside"
        query={batches}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Text size="sm" c="dimmed">
            None. A batch is set aside when it was published too often without being settled.
          </Text>
        }
      />
    </Stack>
  );
}

import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type AuditEntry, auditPages } from "../../api/audit-log";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { ChoiceFilter, TextFilter } from "../components/FilterFields";
import { Mono } from "../components/Mono";
import { useFilters } from "../use-filters";
import { EntryDialog } from "./EntryDialog";

/** Who changed what, and when. */
export function AuditLogPage() {
  const [{ operation, order }, filter] = useFilters(["operation", "order"]);
  const [opened, setOpened] = useState<AuditEntry>();
  const isAscending = order === "ascending";
  const pages = useInfiniteQuery(auditPages(operation, isAscending ? "ascending" : "descending"));
  return (
    <Page
      title="Audit log"
      description={
        <>
          Every request that changed something or tried to. Entries are chained by hashes; an
          operator verifies the chain with <Code>angarium audit verify</Code>.
        </>
      }
    >
      <Group role="search">
        <TextFilter
          label="Operation"
          placeholder="v1.endpoint.update"
          value={operation}
          onChange={(name) => filter({ operation: name })}
        />
        <ChoiceFilter
          label="Order"
          value={isAscending ? "ascending" : undefined}
          any="Newest first"
          choices={[{ value: "ascending", label: "Oldest first" }]}
          onChange={(chosen) => filter({ order: chosen })}
        />
      </Group>
      <EndlessTable
        label="Audit log"
        query={pages}
        columns={columns(setOpened)}
        rowKey={({ id }) => id}
        minWidth={60}
        empty={
          <Empty title={operation ? "No entry is found" : "No entries yet"}>
            {operation
              ? "Write the whole name of an operation, such as v1.endpoint.update."
              : "Each change makes an entry."}
          </Empty>
        }
      />
      <EntryDialog entry={opened} onClose={() => setOpened(undefined)} />
    </Page>
  );
}

function columns(open: (entry: AuditEntry) => void): Column<AuditEntry>[] {
  return [
    { name: "When", width: 9, cell: ({ timestamp }) => <When at={timestamp} /> },
    { name: "Who", cell: (entry) => <Actor entry={entry} /> },
    { name: "Operation", cell: ({ operation }) => <Mono>{operation}</Mono> },
    { name: "Path", cell: ({ path }) => <Mono>{path}</Mono> },
    {
      name: "Answer",
      width: 8,
      cell: ({ status }) => (
        <StatusBadge color={status < 400 ? "teal" : "red"}>{String(status)}</StatusBadge>
      ),
    },
    {
      name: "Details",
      width: 7,
      cell: (entry) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={`Show ${entry.operation}, entry ${entry.number ?? entry.id}`}
          onClick={() => open(entry)}
        >
          Show
        </Button>
      ),
    },
  ];
}

function Actor(props: { entry: AuditEntry }) {
  const { actor, apiKeyId, portalTokenId, address } = props.entry;
  const id = apiKeyId ?? portalTokenId ?? null;
  return (
    <Stack gap={0}>
      {actor ? <Text size="sm">{actor}</Text> : id && <Mono>{id}</Mono>}
      {portalTokenId && (
        <Text size="xs" c="dimmed">
          in the portal
        </Text>
      )}
      {address && (
        <Text size="xs" c="dimmed">
          from {address}
        </Text>
      )}
    </Stack>
  );
}

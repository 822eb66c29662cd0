import { Alert, Anchor, Button, Stack, Table, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type QuarantineEntryDetails, quarantineEntry } from "../../api/quarantine";
import { sizeOf } from "../../components/bytes";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { When } from "../../components/When";
import { ApplicationLink } from "../components/ApplicationLink";
import { Mono } from "../components/Mono";
import { useMay } from "../permissions";
import { DropDialog } from "./DropDialog";
import { EntryBytes } from "./EntryBytes";
import { ReplayDialog, type Replaying } from "./ReplayDialog";

/** One entry in quarantine: why it is there, what it carries, and its bytes. */
export function EntryPage() {
  const { service, entryId } = useParams({ strict: false }) as Record<string, string>;
  const found = useQuery(quarantineEntry(service as string, entryId as string));
  return (
    <Loaded query={found}>
      {(entry) => <Entry entry={entry} service={service as string} entryId={entryId as string} />}
    </Loaded>
  );
}

function Entry(props: { entry: QuarantineEntryDetails; service: string; entryId: string }) {
  const { entry, service, entryId } = props;
  const mayManage = useMay()("manage_quarantine");
  const navigate = useNavigate();
  const [replaying, setReplaying] = useState<Replaying>();
  const [dropping, setDropping] = useState(false);
  const leave = () => void navigate({ to: "/quarantine" });
  return (
    <Page
      title={entry.id}
      description={
        <Anchor component={Link} to="/quarantine" inherit>
          Quarantine
        </Anchor>
      }
      actions={
        mayManage && (
          <>
            <Button
              variant="default"
              onClick={() => setReplaying({ chosen: { ids: [entry.id] }, what: entry.id })}
            >
              Replay
            </Button>
            <Button variant="default" onClick={() => setDropping(true)}>
              Drop
            </Button>
          </>
        )
      }
    >
      <Alert color="orange" title="Why it is here">
        {entry.reason}
      </Alert>
      {entry.refusal && (
        <Alert color="gray" title="A replay cannot help">
          {entry.refusal}
        </Alert>
      )}
      <Facts entry={entry} />
      {entry.messages.length > 0 && <Messages entry={entry} />}
      {mayManage && <EntryBytes service={service} entryId={entryId} />}
      <ReplayDialog
        replaying={replaying}
        onClose={() => setReplaying(undefined)}
        onReplayed={leave}
      />
      <DropDialog
        opened={dropping}
        chosen={{ ids: [entry.id] }}
        what={entry.id}
        onClose={() => setDropping(false)}
        onDropped={leave}
      />
    </Page>
  );
}

function Facts(props: { entry: QuarantineEntryDetails }) {
  const { entry } = props;
  const chunk = entry.chunk === null ? null : `${entry.chunk} of ${entry.chunks}`;
  const facts: [string, React.ReactNode][] = [
    ["In quarantine", <When key="at" at={entry.quarantinedAt} />],
    ["Stream", <Mono key="stream">{entry.stream}</Mono>],
    ["Contract", <Mono key="contract">{entry.contract}</Mono>],
    ["Former id", <Mono key="id">{entry.entryId}</Mono>],
    ["Tries", entry.tries],
    ["Size", sizeOf(entry.sizeBytes)],
    ["Batch", entry.batchId && <Mono key="batch">{entry.batchId}</Mono>],
    ["Publication", entry.publication],
    ["Chunk", chunk],
  ];
  return (
    <Table maw="48rem" aria-label="The entry">
      <Table.Tbody>
        {facts
          .filter(([, value]) => value !== null)
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w="10rem">
                {name}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}

function Messages(props: { entry: QuarantineEntryDetails }) {
  const { messages, messageCount } = props.entry;
  return (
    <Stack gap="xs">
      <Title order={2} size="h5">
        Messages
      </Title>
      <Table.ScrollContainer minWidth={640}>
        <Table aria-label="Messages of the entry">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Message</Table.Th>
              <Table.Th scope="col">Application</Table.Th>
              <Table.Th scope="col">Event type</Table.Th>
              <Table.Th scope="col" ta="end">
                Payload
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {messages.map(({ id, appId, eventType, payloadBytes }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <Mono>{id}</Mono>
                </Table.Td>
                <Table.Td>
                  <ApplicationLink appId={appId} />
                </Table.Td>
                <Table.Td>{eventType}</Table.Td>
                <Table.Td ta="end">{sizeOf(payloadBytes)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          {messageCount > messages.length && (
            <Table.Caption>
              The first {messages.length} of {messageCount}.
            </Table.Caption>
          )}
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

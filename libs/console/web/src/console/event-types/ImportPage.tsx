import {
  Alert,
  Anchor,
  Button,
  FileButton,
  Group,
  Stack,
  Switch,
  Table,
  Text,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { allEventTypes, importOpenApi } from "../../api/event-types";
import { Failure } from "../../components/Failure";
import { JsonField } from "../../components/JsonField";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { type ImportChange, importChanges } from "./import-diff";

const KINDS: Record<ImportChange["kind"], { color: string; word: string }> = {
  created: { color: "teal", word: "Created" },
  changed: { color: "blue", word: "Changed" },
  archived: { color: "gray", word: "Archived" },
};

/** Imports event types from the webhooks of an OpenAPI document, after a look at what changes. */
export function ImportPage() {
  const queries = useQueryClient();
  const [document, setDocument] = useState("");
  const [replaceAll, setReplaceAll] = useState(false);
  const existing = useQuery(allEventTypes);
  const preview = useMutation({
    mutationFn: () => importOpenApi({ specRaw: document, dryRun: true, replaceAll }),
  });
  const run = useMutation({
    mutationFn: () => importOpenApi({ specRaw: document, replaceAll }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["event-types"] }),
  });
  const edit = (text: string) => {
    preview.reset();
    run.reset();
    setDocument(text);
  };
  const changes =
    preview.data && existing.data
      ? importChanges(preview.data.data.to_modify ?? [], existing.data, replaceAll)
      : undefined;
  return (
    <Page
      title="Import event types"
      description={
        <Anchor component={Link} to="/event-types" inherit>
          Event types
        </Anchor>
      }
    >
      <Stack maw="48rem">
        <Text size="sm">
          Each webhook of an OpenAPI document becomes an event type, with its description and its
          schema. Nothing changes before you have seen what would.
        </Text>
        <Group>
          <FileButton
            accept=".json,.yaml,.yml,application/json"
            onChange={(file) => void file?.text().then(edit)}
          >
            {(button) => (
              <Button variant="default" size="xs" {...button}>
                Choose a file
              </Button>
            )}
          </FileButton>
        </Group>
        <JsonField
          label="OpenAPI document"
          description="JSON or YAML."
          minRows={10}
          maxRows={20}
          value={document}
          onChange={(event) => edit(event.currentTarget.value)}
        />
        <Switch
          label="Archive the event types that the document does not have"
          checked={replaceAll}
          onChange={(event) => {
            preview.reset();
            setReplaceAll(event.currentTarget.checked);
          }}
        />
        <Group>
          <Button
            variant="default"
            disabled={document.trim() === "" || existing.data === undefined}
            loading={preview.isPending}
            onClick={() => preview.mutate()}
          >
            Show what changes
          </Button>
        </Group>
        {existing.isError && <Failure error={existing.error} />}
        {preview.isError && <Failure error={preview.error} />}
        {changes && !run.isSuccess && (
          <Changes changes={changes} isRunning={run.isPending} onImport={() => run.mutate()} />
        )}
        {run.isError && <Failure error={run.error} />}
        {run.isSuccess && (
          <Alert color="teal" role="status">
            Imported. Event types that were changed: {run.data.data.modified.length}.
          </Alert>
        )}
      </Stack>
    </Page>
  );
}

function Changes(props: { changes: ImportChange[]; isRunning: boolean; onImport: () => void }) {
  const { changes, isRunning, onImport } = props;
  if (changes.length === 0)
    return <Alert role="status">The document has no webhook that is not as it is here.</Alert>;
  return (
    <Stack gap="sm">
      <Table.ScrollContainer minWidth={400}>
        <Table aria-label="What the import changes">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Event type</Table.Th>
              <Table.Th scope="col">Is</Table.Th>
              <Table.Th scope="col">What changes</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {changes.map(({ name, kind, members }) => (
              <Table.Tr key={name}>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{name}</Table.Td>
                <Table.Td>
                  <StatusBadge color={KINDS[kind].color}>{KINDS[kind].word}</StatusBadge>
                </Table.Td>
                <Table.Td>{members.join(", ") || "—"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group justify="flex-end">
        <Button loading={isRunning} onClick={onImport}>
          Import
        </Button>
      </Group>
    </Stack>
  );
}

import { Code, Stack, Table, Text } from "@mantine/core";
import type { AuditEntry } from "../../api/audit-log";
import { Dialog } from "../../components/Dialog";
import { Mono } from "../components/Mono";
import { type ChangedMember, changedMembers } from "./diff";

/** One entry: the members that it changed, before and after, and its place in the chain. */
export function EntryDialog(props: { entry: AuditEntry | undefined; onClose: () => void }) {
  const { entry, onClose } = props;
  return (
    <Dialog opened={entry !== undefined} onClose={onClose} size="xl" title={entry?.operation ?? ""}>
      {entry && <Details entry={entry} />}
    </Dialog>
  );
}

function Details(props: { entry: AuditEntry }) {
  const { entry } = props;
  const changed = changedMembers(entry.before, entry.after);
  const facts: [string, string | null | undefined][] = [
    ["Time", new Date(entry.timestamp).toLocaleString(undefined, { timeZoneName: "short" })],
    ["Request", `${entry.method} ${entry.path}`],
    ["Answer", String(entry.status)],
    ["Who", entry.actor],
    ["API key", entry.apiKeyId],
    ["Portal token", entry.portalTokenId],
    ["Address", entry.address],
    ["Entry", entry.id],
    ["Number in the chain", entry.number?.toString()],
    ["Hash", entry.hash],
  ];
  return (
    <Stack>
      <Table layout="fixed" aria-label="The request">
        <Table.Tbody>
          {facts
            .filter(([, value]) => value)
            .map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" w="10rem">
                  {name}
                </Table.Th>
                <Table.Td>
                  <Mono>{value ?? ""}</Mono>
                </Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
      {changed.length === 0 ? (
        <Text size="sm" c="dimmed">
          The entry has no member that changed.
        </Text>
      ) : (
        <Changes changed={changed} />
      )}
      <Text size="sm" c="dimmed">
        An operator verifies the whole chain with <Code>angarium audit verify</Code>.
      </Text>
    </Stack>
  );
}

function Changes(props: { changed: ChangedMember[] }) {
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table layout="fixed" aria-label="What changed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w="10rem">
              Member
            </Table.Th>
            <Table.Th scope="col">Before</Table.Th>
            <Table.Th scope="col">After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.changed.map(({ path, before, after }) => (
            <Table.Tr key={path}>
              <Table.Th scope="row" fw={400}>
                <Mono>{path}</Mono>
              </Table.Th>
              <Side text={before} />
              <Side text={after} />
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Side(props: { text: string | undefined }) {
  return (
    <Table.Td style={{ verticalAlign: "top" }}>
      {props.text === undefined ? (
        <Text size="xs" c="dimmed">
          nothing
        </Text>
      ) : (
        <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }} dir="ltr">
          {props.text}
        </Code>
      )}
    </Table.Td>
  );
}

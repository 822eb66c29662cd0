import { Code, Table, Text } from "@mantine/core";
import "@mantine/core/styles/Code.css";
import { type SchemaRow, schemaRows } from "./schema-rows";

const INDENT_REM = 1.25;

/** A JSON schema as a table that people can read. */
export function SchemaTable(props: { schema: unknown }) {
  const rows = schemaRows(props.schema);
  if (rows.length === 0)
    return (
      <Text size="sm" c="dimmed">
        The schema names no members.
      </Text>
    );
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w="32%">
              Member
            </Table.Th>
            <Table.Th scope="col" w="20%">
              Type
            </Table.Th>
            <Table.Th scope="col">Description</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <MemberRow key={row.key} row={row} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function MemberRow(props: { row: SchemaRow }) {
  const { depth, name, type, required, description, rules } = props.row;
  return (
    <Table.Tr style={{ overflowWrap: "anywhere", verticalAlign: "top" }}>
      <Table.Td style={{ paddingInlineStart: `${0.6 + depth * INDENT_REM}rem` }}>
        <Code>{name}</Code>
        {required && (
          <Text span size="xs" c="var(--mantine-color-error)" ms={6}>
            required
          </Text>
        )}
      </Table.Td>
      <Table.Td>{type}</Table.Td>
      <Table.Td>
        {description && <Text size="sm">{description}</Text>}
        {rules.length > 0 && (
          <Text size="xs" c="dimmed">
            {rules.join("; ")}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

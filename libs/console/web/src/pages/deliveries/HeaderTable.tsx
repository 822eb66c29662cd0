import { Table, Text } from "@mantine/core";

/** Headers in their order. Those whose values are not known are named. */
export function HeaderTable(props: {
  label: string;
  /** Names with their values; a name can come twice. */
  headers: string[][];
  sensitive?: string[];
}) {
  const { label, headers, sensitive = [] } = props;
  return (
    <Table.ScrollContainer minWidth={0}>
      <Table aria-label={label} verticalSpacing={4} horizontalSpacing="xs" fz="xs">
        <Table.Tbody>
          {headers.map(([name, value], index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a header can come twice.
            <Table.Tr key={index}>
              <Table.Th scope="row" fw={500} style={{ whiteSpace: "nowrap" }}>
                {name}
              </Table.Th>
              <Table.Td ff="monospace" style={{ overflowWrap: "anywhere" }}>
                {value}
              </Table.Td>
            </Table.Tr>
          ))}
          {sensitive.map((name) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500} style={{ whiteSpace: "nowrap" }}>
                {name}
              </Table.Th>
              <Table.Td>
                <Text size="xs" c="dimmed">
                  Sent; its value is a secret and is not stored.
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

import { Alert, Anchor, Stack, Table, Text } from "@mantine/core";
import type { Attempt } from "../../api/deliveries";

const LINK = /^https?:\/\//;
const BY = {
  customer: "What you can change",
  operator: "What the sender has to change",
};

/** Why an attempt failed, and what to change; nothing if it did not. */
export function Explained(props: { attempt: Attempt }) {
  const { explanation, failure } = props.attempt;
  if (explanation === undefined)
    return failure === undefined ? null : (
      <Alert color="red" title="Why it failed">
        {failure}
      </Alert>
    );
  const { cause, remedy, remedyBy, evidence, documentation, code } = explanation;
  return (
    <Alert color="red" title="Why it failed">
      <Stack gap="sm">
        <Text size="sm">{cause}</Text>
        <div>
          <Text size="sm" fw={600}>
            {BY[remedyBy] ?? "What to change"}
          </Text>
          <Text size="sm">{remedy}</Text>
        </div>
        {evidence.length > 0 && (
          <Table aria-label="Evidence from this attempt" verticalSpacing={2} fz="sm">
            <Table.Tbody>
              {evidence.map(({ name, value }) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={500}>
                    {name}
                  </Table.Th>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <Text size="sm">
          {LINK.test(documentation) ? (
            <Anchor href={documentation} target="_blank" rel="noreferrer" size="sm">
              More about {code}
            </Anchor>
          ) : (
            <>
              More about this in the documentation: <code>{documentation}</code>
            </>
          )}
        </Text>
      </Stack>
    </Alert>
  );
}

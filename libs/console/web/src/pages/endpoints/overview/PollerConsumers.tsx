import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Endpoint, pollerConsumers } from "../../../api/endpoints";
import { CodeBlock } from "../../../components/CodeBlock";
import { Loaded } from "../../../components/Loaded";
import { Section } from "../../../components/Section";
import { When } from "../../../components/When";
import { useApplication } from "../../application";
import { atMostCounted } from "../endpoint-status";

/** Who fetches the messages of an endpoint that is polled, and how to. */
export function PollerConsumers(props: { endpoint: Endpoint }) {
  const { appId } = useApplication();
  const { endpoint } = props;
  const consumers = useQuery(pollerConsumers(appId, endpoint.id));
  const url = `${location.origin}/api/v1/app/${appId}/poller/${endpoint.id}/consumer/my-consumer`;
  return (
    <Section
      title="Consumers"
      description="Nothing is sent to this endpoint: programs fetch its messages. Each consumer has a name and a position of its own."
    >
      <Stack gap="md">
        <Loaded query={consumers} lines={2}>
          {({ data }) =>
            data.length === 0 ? (
              <Text size="sm" c="dimmed">
                No consumer has fetched messages yet.
              </Text>
            ) : (
              <ConsumerTable consumers={data} />
            )
          }
        </Loaded>
        <CodeBlock
          label="the request that polls"
          text={`curl "${url}" \\\n  -H "Authorization: Bearer $TOKEN"`}
        />
        <Text size="sm" c="dimmed">
          The answer has messages and an iterator. The next request confirms them with{" "}
          <code>?iterator=</code> and gets those that follow.
        </Text>
      </Stack>
    </Section>
  );
}

function ConsumerTable(props: {
  consumers: { id: string; behind: number; waitingSince: string | null; updatedAt: string }[];
}) {
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Consumer</Table.Th>
          <Table.Th scope="col">Behind</Table.Th>
          <Table.Th scope="col">Oldest waits since</Table.Th>
          <Table.Th scope="col">Last confirmed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {props.consumers.map((consumer) => (
          <Table.Tr key={consumer.id} style={{ overflowWrap: "anywhere" }}>
            <Table.Th scope="row" fw={500}>
              {consumer.id}
            </Table.Th>
            <Table.Td>{atMostCounted(consumer.behind)}</Table.Td>
            <Table.Td>{consumer.waitingSince ? <When at={consumer.waitingSince} /> : "–"}</Table.Td>
            <Table.Td>
              <When at={consumer.updatedAt} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

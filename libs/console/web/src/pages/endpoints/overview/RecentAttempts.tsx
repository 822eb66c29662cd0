import { Anchor, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Endpoint, recentAttempts } from "../../../api/endpoints";
import { Loaded } from "../../../components/Loaded";
import { Section } from "../../../components/Section";
import { When } from "../../../components/When";
import { useApplication } from "../../application";
import { AttemptOutcome } from "../testing/AttemptOutcome";
import { durationOf } from "./milliseconds";

const SHOWN = 10;

/** The newest attempts of an endpoint; each leads to its delivery. */
export function RecentAttempts(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId, path } = useApplication();
  const attempts = useQuery(recentAttempts(appId, endpoint.id, SHOWN));
  return (
    <Section
      title="Recent attempts"
      actions={
        <Anchor
          component={Link}
          to={`${path}/deliveries`}
          search={{ endpoint: endpoint.id } as never}
          size="sm"
        >
          All deliveries
        </Anchor>
      }
    >
      <Loaded query={attempts} lines={3}>
        {({ data }) =>
          data.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nothing has been sent yet.
            </Text>
          ) : (
            <Table.ScrollContainer minWidth={560}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Message</Table.Th>
                    <Table.Th scope="col">Result</Table.Th>
                    <Table.Th scope="col">Duration</Table.Th>
                    <Table.Th scope="col">When</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.map((attempt) => (
                    <Table.Tr key={attempt.id}>
                      <Table.Td>
                        <Anchor
                          component={Link}
                          to={`${path}/deliveries/${attempt.msgId}`}
                          size="sm"
                        >
                          {attempt.msg?.eventType ?? attempt.msgId}
                        </Anchor>
                      </Table.Td>
                      <Table.Td>
                        <AttemptOutcome attempt={attempt} />
                      </Table.Td>
                      <Table.Td>{durationOf(attempt)}</Table.Td>
                      <Table.Td>
                        <When at={attempt.timestamp} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
    </Section>
  );
}

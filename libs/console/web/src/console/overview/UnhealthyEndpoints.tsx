import { Anchor, Group, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TbCircleCheck } from "react-icons/tb";
import { type UnhealthyEndpoint, unhealthyEndpoints } from "../../api/statistics";
import { Loaded } from "../../components/Loaded";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";

const WORDS: Record<string, { label: string; color: string }> = {
  disabled: { label: "Disabled", color: "gray" },
  open: { label: "Paused", color: "red" },
  probing: { label: "Being tested", color: "orange" },
  recovering: { label: "Recovering", color: "yellow" },
  failing: { label: "Failing", color: "red" },
  throttled: { label: "Throttled", color: "yellow" },
  backlog: { label: "Backlog", color: "orange" },
};

/** The endpoints that need attention now, worst first. */
export function UnhealthyEndpoints() {
  const found = useQuery(unhealthyEndpoints);
  return (
    <Stack gap="xs" component="section" aria-label="Needs attention">
      <Title order={2} size="h5">
        Needs attention
      </Title>
      <Loaded query={found} lines={2}>
        {({ data, truncated }) =>
          data.length === 0 ? <AllWell /> : <Endpoints endpoints={data} truncated={truncated} />
        }
      </Loaded>
    </Stack>
  );
}

function AllWell() {
  return (
    <Paper withBorder p="sm">
      <Group gap="xs">
        <TbCircleCheck size={18} color="var(--mantine-color-teal-6)" aria-hidden />
        <Text size="sm">All endpoints are healthy.</Text>
      </Group>
    </Paper>
  );
}

function Endpoints(props: { endpoints: UnhealthyEndpoint[]; truncated: boolean }) {
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing="xs" aria-label="Endpoints that need attention">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Endpoint</Table.Th>
            <Table.Th scope="col">Application</Table.Th>
            <Table.Th scope="col">What is wrong</Table.Th>
            <Table.Th scope="col">Since</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.endpoints.map((endpoint) => (
            <EndpointRow key={endpoint.endpointId} endpoint={endpoint} />
          ))}
        </Table.Tbody>
        {props.truncated && (
          <Table.Caption>
            These are the worst {props.endpoints.length}; there are more.
          </Table.Caption>
        )}
      </Table>
    </Table.ScrollContainer>
  );
}

function EndpointRow(props: { endpoint: UnhealthyEndpoint }) {
  const { appId, appName, endpointId, url, reasons, failingSince } = props.endpoint;
  const word = WORDS[reasons[0]?.code ?? ""] ?? { label: "Unhealthy", color: "red" };
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Anchor component={Link} to={`/applications/${appId}/endpoints/${endpointId}`}>
          {url}
        </Anchor>
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Anchor component={Link} to={`/applications/${appId}`}>
          {appName}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <Stack gap={2}>
          <StatusBadge color={word.color}>{word.label}</StatusBadge>
          {reasons.map(({ code, sentence }) => (
            <Text key={code} size="sm">
              {sentence}
            </Text>
          ))}
        </Stack>
      </Table.Td>
      <Table.Td>{failingSince ? <When at={failingSince} /> : "—"}</Table.Td>
    </Table.Tr>
  );
}

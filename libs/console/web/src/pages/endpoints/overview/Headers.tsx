import { Anchor, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Endpoint, endpointHeaders } from "../../../api/endpoints";
import { Loaded } from "../../../components/Loaded";
import { Section } from "../../../components/Section";
import { useApplication } from "../../application";

/** The custom headers of an endpoint; values that may be secret are not shown. */
export function Headers(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId, path } = useApplication();
  const query = useQuery(endpointHeaders(appId, endpoint.id));
  return (
    <Section
      title="Custom headers"
      actions={
        <Anchor component={Link} to={`${path}/endpoints/${endpoint.id}/edit`} size="sm">
          Change headers
        </Anchor>
      }
    >
      <Loaded query={query} lines={1}>
        {({ headers, sensitive }) =>
          Object.keys(headers).length + sensitive.length === 0 ? (
            <Text size="sm" c="dimmed">
              None.
            </Text>
          ) : (
            <Table>
              <Table.Tbody>
                {Object.entries(headers).map(([name, value]) => (
                  <Row key={name} name={name} value={value} />
                ))}
                {sensitive.map((name) => (
                  <Row key={name} name={name} />
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Loaded>
    </Section>
  );
}

function Row(props: { name: string; value?: string }) {
  return (
    <Table.Tr style={{ overflowWrap: "anywhere" }}>
      <Table.Th scope="row" w="40%" fw={500}>
        {props.name}
      </Table.Th>
      <Table.Td>
        {props.value ?? (
          <Text size="sm" c="dimmed">
            Hidden
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

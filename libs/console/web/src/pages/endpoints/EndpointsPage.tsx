import { Anchor, Button, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Endpoint, endpointPages } from "../../api/endpoints";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { useApplication } from "../application";

/** The endpoints of an application. */
export function EndpointsPage() {
  const { appId } = useApplication();
  const pages = useInfiniteQuery(endpointPages(appId));
  return (
    <Page title="Endpoints" description="URLs that receive webhooks.">
      <Loaded query={pages}>
        {({ pages: loaded }) => {
          const endpoints = loaded.flatMap((page) => page.data);
          return endpoints.length === 0 ? (
            <Empty title="No endpoints yet">An endpoint is a URL that webhooks are sent to.</Empty>
          ) : (
            <EndpointTable endpoints={endpoints} />
          );
        }}
      </Loaded>
      {pages.hasNextPage && (
        <Button
          variant="default"
          loading={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </Page>
  );
}

function EndpointTable(props: { endpoints: Endpoint[] }) {
  const { path } = useApplication();
  return (
    <Table.ScrollContainer minWidth={600}>
      <Table verticalSpacing="sm" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Endpoint</Table.Th>
            <Table.Th scope="col">Status</Table.Th>
            <Table.Th scope="col">Created</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.endpoints.map((endpoint) => (
            <Table.Tr key={endpoint.id}>
              <Table.Td>
                <Anchor component={Link} to={`${path}/endpoints/${endpoint.id}`}>
                  {endpoint.url}
                </Anchor>
                <Text size="sm" c="dimmed">
                  {endpoint.description}
                </Text>
              </Table.Td>
              <Table.Td>
                <StatusBadge color={endpoint.disabled ? "gray" : "teal"}>
                  {endpoint.disabled ? "Disabled" : "Enabled"}
                </StatusBadge>
              </Table.Td>
              <Table.Td>
                <When at={endpoint.createdAt} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

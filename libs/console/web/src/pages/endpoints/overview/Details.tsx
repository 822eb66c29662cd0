import { Table } from "@mantine/core";
import type { Endpoint } from "../../../api/endpoints";
import { Section } from "../../../components/Section";
import { When } from "../../../components/When";
import { detailsOf } from "./details";

/** How an endpoint is set up. */
export function Details(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  return (
    <Section title="Details">
      <Table>
        <Table.Tbody>
          {detailsOf(endpoint).map(([name, value]) => (
            <Table.Tr key={name} style={{ overflowWrap: "anywhere" }}>
              <Table.Th scope="row" w="35%" fw={500}>
                {name}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Th scope="row" fw={500}>
              Created
            </Table.Th>
            <Table.Td>
              <When at={endpoint.createdAt} />
            </Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Section>
  );
}

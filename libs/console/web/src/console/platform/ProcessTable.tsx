import { Table, Text } from "@mantine/core";
import type { Process } from "../../api/platform";
import { sizeOf } from "../../components/bytes";
import { StatusBadge } from "../../components/StatusBadge";
import { spanOf } from "../units";
import { NumberHead } from "./NumberHead";

/** The processes of all services, with their versions and pools. */
export function ProcessTable(props: { processes: Process[] }) {
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table aria-label="Processes">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Service</Table.Th>
            <Table.Th scope="col">State</Table.Th>
            <Table.Th scope="col">Version</Table.Th>
            <Table.Th scope="col">Host</Table.Th>
            <NumberHead>Up</NumberHead>
            <NumberHead>Last heartbeat</NumberHead>
            <NumberHead>Database pool</NumberHead>
            <NumberHead>Redis pool</NumberHead>
            <NumberHead>Memory</NumberHead>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.processes.map((process) => (
            <ProcessRow key={process.id} process={process} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function ProcessRow(props: { process: Process }) {
  const { service, state, version, host, pid, uptimeS, heartbeatAgeS, memoryBytes } = props.process;
  const { databasePool, redisPool } = props.process;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {service}
      </Table.Th>
      <Table.Td>
        <StatusBadge color={state === "running" ? "teal" : "red"}>
          {state === "running" ? "Running" : "Silent"}
        </StatusBadge>
      </Table.Td>
      <Table.Td>{version}</Table.Td>
      <Table.Td>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {host}, process {pid}
        </Text>
      </Table.Td>
      <Table.Td ta="end">{spanOf(uptimeS)}</Table.Td>
      <Table.Td ta="end">{spanOf(heartbeatAgeS)} ago</Table.Td>
      <Table.Td ta="end">{used(databasePool)}</Table.Td>
      <Table.Td ta="end">{used(redisPool)}</Table.Td>
      <Table.Td ta="end">{memoryBytes === null ? "—" : sizeOf(memoryBytes)}</Table.Td>
    </Table.Tr>
  );
}

function used(pool: Process["databasePool"]): string {
  return pool === null ? "—" : `${pool.inUse} of ${pool.size}`;
}

import { Table } from "@mantine/core";
import type { StreamState } from "../../api/platform";
import { StatusBadge } from "../../components/StatusBadge";
import { Mono } from "../components/Mono";
import { spanOf } from "../units";
import { NumberHead } from "./NumberHead";

const NUMBER = new Intl.NumberFormat();

/** The streams between the services, and how far their readers are behind. */
export function StreamTable(props: { streams: StreamState[] }) {
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table aria-label="Streams">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Stream</Table.Th>
            <Table.Th scope="col">Read by</Table.Th>
            <Table.Th scope="col">Readers</Table.Th>
            <NumberHead>Waiting</NumberHead>
            <NumberHead>In progress</NumberHead>
            <NumberHead>Abandoned</NumberHead>
            <NumberHead>Oldest</NumberHead>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.streams.map((stream) => (
            <StreamRow key={`${stream.name} ${stream.group}`} stream={stream} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function StreamRow(props: { stream: StreamState }) {
  const { name, readBy, exists, readers, silentReaders, waiting, inProgress, abandoned } =
    props.stream;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Mono>{name}</Mono>
      </Table.Th>
      <Table.Td>{readBy}</Table.Td>
      <Table.Td>
        <StatusBadge color={exists && readers > 0 ? "teal" : "red"}>
          {exists ? readersOf(readers, silentReaders) : "No group"}
        </StatusBadge>
      </Table.Td>
      <Table.Td ta="end">{NUMBER.format(waiting)}</Table.Td>
      <Table.Td ta="end">{NUMBER.format(inProgress)}</Table.Td>
      <Table.Td ta="end">{NUMBER.format(abandoned)}</Table.Td>
      <Table.Td ta="end">
        {waiting + inProgress > 0 ? spanOf(props.stream.oldestAgeS) : "—"}
      </Table.Td>
    </Table.Tr>
  );
}

function readersOf(readers: number, silent: number): string {
  return silent > 0 ? `${readers}, and ${silent} silent` : String(readers);
}

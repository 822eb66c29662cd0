import { Table } from "@mantine/core";
import { pointLabel } from "./labels";
import { durationOf, type Point } from "./points";
import type { Range } from "./ranges";

const NUMBER = new Intl.NumberFormat();
const NAMES = ["Accepted", "Delivered", "Failed", "p50", "p95", "p99"];

/** The numbers of the charts, newest first; periods in which nothing happened are left out. */
export function SeriesTable(props: { range: Range; points: Point[]; withBacklog: boolean }) {
  const { range, withBacklog } = props;
  const names = withBacklog ? [...NAMES, "Open batches", "Oldest open"] : NAMES;
  const points = props.points
    .filter(
      ({ accepted, delivered, failed, openBatches }) =>
        accepted + delivered + failed + (openBatches ?? 0) > 0,
    )
    .reverse();
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table aria-label="Deliveries by time">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Time</Table.Th>
            {names.map((name) => (
              <Table.Th key={name} scope="col" ta="end">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.map((point) => (
            <Table.Tr key={point.at.getTime()}>
              <Table.Th scope="row" fw={400}>
                {pointLabel(range, point.at)}
              </Table.Th>
              {[point.accepted, point.delivered, point.failed].map((count, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place.
                <Table.Td key={column} ta="end">
                  {NUMBER.format(count)}
                </Table.Td>
              ))}
              {[point.p50, point.p95, point.p99].map((duration, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place.
                <Table.Td key={column} ta="end">
                  {durationOf(duration)}
                </Table.Td>
              ))}
              {withBacklog && (
                <>
                  <Table.Td ta="end">
                    {point.openBatches === null ? "—" : NUMBER.format(point.openBatches)}
                  </Table.Td>
                  <Table.Td ta="end">{durationOf(point.oldestOpenMs)}</Table.Td>
                </>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

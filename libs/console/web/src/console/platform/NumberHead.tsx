import { Table } from "@mantine/core";

/** The head of a column of numbers. */
export function NumberHead(props: { children: string }) {
  return (
    <Table.Th scope="col" ta="end">
      {props.children}
    </Table.Th>
  );
}

import { Button, Table } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import classes from "./EndlessTable.module.css";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  /** Of the column, in rem; columns without one share the rest. */
  width?: number;
  align?: "end";
}

interface ListPage<Row> {
  data: Row[];
}

const ROW_PX = 45;
const OVERSCAN_ROWS = 12;

/**
 * A table of a list that is read page by page as one scrolls. Only the rows in sight are in the
 * document, so that it stays quick with any number.
 */
export function EndlessTable<Row>(props: {
  label: string;
  query: UseInfiniteQueryResult<InfiniteData<ListPage<Row>>>;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  /** In rem: narrower than this, the table scrolls. */
  minWidth?: number;
  empty: ReactNode;
}) {
  const { query, empty } = props;
  return (
    <Loaded query={query}>
      {(loaded) => {
        const rows = loaded.pages.flatMap((page) => page.data);
        return rows.length === 0 ? empty : <Rows {...props} rows={rows} />;
      }}
    </Loaded>
  );
}

function Rows<Row>(props: {
  label: string;
  query: UseInfiniteQueryResult<InfiniteData<ListPage<Row>>>;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  minWidth?: number;
  rows: Row[];
}) {
  const { label, query, columns, rowKey, minWidth = 48, rows } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what stands above moves the table.
  useLayoutEffect(() => {
    const at = body.current?.getBoundingClientRect().top;
    if (at !== undefined) setTop(Math.round(at + window.scrollY));
  }, [rows.length]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
    scrollMargin: top,
    getItemKey: (index) => rowKey(rows[index] as Row),
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1);
  useNextPage(query, last !== undefined && last.index >= rows.length - OVERSCAN_ROWS);
  return (
    <>
      <Table.ScrollContainer minWidth={`${minWidth}rem`}>
        <Table
          verticalSpacing="xs"
          highlightOnHover
          layout="fixed"
          aria-label={label}
          aria-rowcount={query.hasNextPage ? -1 : rows.length + 1}
        >
          <ColumnHeads columns={columns} />
          <Table.Tbody ref={body}>
            <Gap height={(shown[0]?.start ?? top) - top} columns={columns.length} />
            {shown.map(({ index, key }) => (
              <Table.Tr
                key={key}
                data-index={index}
                ref={virtual.measureElement}
                aria-rowindex={index + 2}
              >
                {columns.map(({ name, cell, align }) => (
                  <Table.Td key={name} ta={align} className={classes.cell}>
                    {cell(rows[index] as Row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
            <Gap
              height={virtual.getTotalSize() + top - (last?.end ?? top)}
              columns={columns.length}
            />
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {query.isFetchNextPageError && <Failure error={query.error} />}
      {query.hasNextPage && (
        <Button
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </>
  );
}

function ColumnHeads<Row>(props: { columns: Column<Row>[] }) {
  return (
    <Table.Thead>
      <Table.Tr aria-rowindex={1}>
        {props.columns.map(({ name, width, align }) => (
          <Table.Th
            key={name}
            scope="col"
            ta={align}
            style={width === undefined ? undefined : { width: `${width}rem` }}
          >
            {name}
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

/** Holds the place of rows that are not in sight. */
function Gap(props: { height: number; columns: number }) {
  if (props.height <= 0) return null;
  return (
    <tr aria-hidden>
      <td colSpan={props.columns} style={{ height: props.height, padding: 0 }} />
    </tr>
  );
}

/** Reads the next page when the end of the list comes in sight. */
function useNextPage<Data>(query: UseInfiniteQueryResult<Data>, isNearEnd: boolean): void {
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query;
  useEffect(() => {
    if (isNearEnd && hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [isNearEnd, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage]);
}

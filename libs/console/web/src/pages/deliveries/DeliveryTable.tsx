// biome-ignore-all lint/a11y/useSemanticElements: rows in a grid have no table layout, which a table needs.
// biome-ignore-all lint/a11y/useFocusableInteractive: rows are not interactive; the links in them are.
import { Anchor, Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useEffect, useRef } from "react";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { useApplication } from "../application";
import classes from "./DeliveryTable.module.css";
import type { DeliveryRow, ShownRows } from "./rows";
import { outcomeOf, STATE_COLORS, STATE_WORDS } from "./words";

const ROW_PX = 48;
const NARROW_ROW_PX = 92;
const OVERSCAN = 12;
/** So many rows before the end, the next page is asked for. */
const AHEAD = 200;
const COLUMNS = ["Status", "Event type", "Message", "Endpoint", "Latest response", "When"];

/** A table of any number of deliveries, of which those in view are in the page. */
export function DeliveryTable(props: {
  shown: ShownRows;
  /** How endpoints are called whose URL no row has. */
  nameOf: (endpointId: string) => string;
  /** True once there are no more than these. */
  complete: boolean;
  onNearEnd: () => void;
  /** Says whether the reader is somewhere else than at the top. */
  onScrolled: (scrolled: boolean) => void;
  onRefresh: () => void;
  /** What stands below the last row. */
  tail: ReactNode;
}) {
  const { shown, nameOf, complete, onNearEnd, onScrolled, onRefresh, tail } = props;
  const scroller = useRef<HTMLElement>(null);
  const narrow = useMediaQuery("(max-width: 48em)", false);
  const rowPx = narrow ? NARROW_ROW_PX : ROW_PX;
  const items = itemsOf(shown);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    getItemKey: (index) => items[index]?.key ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height.
  useEffect(() => virtual.measure(), [rowPx]);
  const inView = virtual.getVirtualItems();
  const nearEnd = (inView.at(-1)?.index ?? 0) >= items.length - AHEAD;
  useEffect(() => {
    if (nearEnd && !complete) onNearEnd();
  }, [nearEnd, complete, onNearEnd]);

  return (
    <section
      ref={scroller}
      className={classes.scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the keyboard.
      tabIndex={0}
      aria-label="Deliveries, newest first"
      onScroll={(event) => onScrolled(event.currentTarget.scrollTop > 0)}
    >
      <div
        role="table"
        aria-label="Deliveries"
        aria-rowcount={complete ? items.length + 1 : -1}
        className={classes.table}
      >
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className={`${classes.row} ${classes.head}`}>
            {COLUMNS.map((column) => (
              <div role="columnheader" key={column}>
                {column}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {inView.map(({ key, index, start, size }) => {
            const item = items[index];
            if (item === undefined) return null;
            const place = { index, start, size };
            return "missing" in item ? (
              <Gap key={key} {...place} missing={item.missing} onRefresh={onRefresh} />
            ) : (
              <Row key={key} {...place} row={item} nameOf={nameOf} />
            );
          })}
        </div>
      </div>
      <div className={classes.tail}>{tail}</div>
    </section>
  );
}

type Item = DeliveryRow | { key: string; missing: number };

function itemsOf({ rows, gapAt, missing }: ShownRows): Item[] {
  if (gapAt === undefined) return rows;
  return [...rows.slice(0, gapAt), { key: "gap", missing }, ...rows.slice(gapAt)];
}

/** Where a row stands in the table: its number, and its place and height in px. */
interface RowPlace {
  index: number;
  start: number;
  size: number;
}

/** Drawn once: scrolling draws only those that come into view. */
const Row = memo(function Row(
  props: RowPlace & { row: DeliveryRow; nameOf: (endpointId: string) => string },
) {
  const { row, nameOf, index } = props;
  const style = styleOf(props);
  const { path } = useApplication();
  const endpoint = row.url ?? nameOf(row.endpointId);
  return (
    <div role="row" aria-rowindex={index + 2} className={classes.row} style={style}>
      <div role="cell">
        <StatusBadge color={STATE_COLORS[row.state]}>{STATE_WORDS[row.state]}</StatusBadge>
      </div>
      <div role="cell" className={classes.cell} title={row.eventType}>
        {row.eventType}
      </div>
      <div role="cell" className={`${classes.cell} ${classes.message}`}>
        <Anchor
          component={Link}
          className={classes.link}
          to={`${path}/deliveries/${row.msgId}`}
          search={{ endpoint: row.endpointId } as never}
          title={row.msgId}
        >
          {row.msgId}
        </Anchor>
      </div>
      <div role="cell" className={`${classes.cell} ${classes.endpoint}`} title={endpoint}>
        {endpoint}
      </div>
      <div role="cell" className={`${classes.cell} ${classes.response}`} title={row.failure}>
        {outcomeOf(row)}
      </div>
      <div role="cell" className={classes.cell}>
        <When at={row.at} />
      </div>
    </div>
  );
});

function styleOf({ start, size }: RowPlace) {
  return { height: size, transform: `translateY(${start}px)` };
}

function Gap(props: RowPlace & { missing: number; onRefresh: () => void }) {
  const { missing, index, onRefresh } = props;
  const style = styleOf(props);
  return (
    <div role="row" aria-rowindex={index + 2} className={classes.row} style={style}>
      <div role="cell" className={classes.gap} style={{ gridColumn: "1 / -1" }}>
        {missing.toLocaleString()} more deliveries came in than are kept here.
        <Button size="compact-xs" variant="default" onClick={onRefresh}>
          Load them
        </Button>
      </div>
    </div>
  );
}

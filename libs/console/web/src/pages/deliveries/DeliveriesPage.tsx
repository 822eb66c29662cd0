import { Button, Loader, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { deliveryPages } from "../../api/deliveries";
import { endpointChoices } from "../../api/endpoints";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { useApplication } from "../application";
import { DeliveryFilterBar } from "./DeliveryFilterBar";
import { DeliveryTable } from "./DeliveryTable";
import {
  canFollow,
  type DeliveryFilters,
  matches,
  readFilters,
  searchOf,
  streamQuery,
} from "./filters";
import { LiveStatus } from "./LiveStatus";
import { type DeliveryRow, mergeRows, rowOfAttempt } from "./rows";
import { useLiveDeliveries } from "./use-live-deliveries";

/** Pages without a row that are read in a row; then the reader decides. */
const EMPTY_PAGES_MAX = 10;

/** The deliveries of an application: each message for an endpoint, with its latest attempt. */
export function DeliveriesPage() {
  const { appId } = useApplication();
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const filters = useMemo(() => readFilters(search), [search]);
  const [hold, setHold] = useState(false);
  const [on, setOn] = useState(true);
  const { pages, loaded, refresh } = useLoadedDeliveries(appId, filters);
  const possible = canFollow(filters);

  const known = useMemo(() => new Set(loaded.map((row) => row.key)), [loaded]);
  const live = useLiveDeliveries({
    appId,
    query: streamQuery(filters),
    since: possible && on && pages.isSuccess ? pages.loadedAt : undefined,
    hold,
    concerns: (row) => matches(filters, row) || known.has(row.key),
  });
  const shown = useMemo(
    () => mergeRows(live.rows, live.missing, loaded, (row) => matches(filters, row)),
    [live.rows, live.missing, loaded, filters],
  );
  const endpoints = useQuery(endpointChoices(appId)).data;
  const nameOf = useCallback(
    (id: string) => endpoints?.find((endpoint) => endpoint.id === id)?.url ?? id,
    [endpoints],
  );
  const table = useRef<HTMLDivElement>(null);
  const toTop = () => table.current?.querySelector("section")?.scrollTo({ top: 0 });
  const refreshFromTop = () => {
    toTop();
    refresh();
  };

  return (
    <Page
      title="Deliveries"
      description="Messages for each endpoint, from their first attempt on."
      actions={
        <LiveStatus
          live={live}
          possible={possible}
          on={on}
          onToggle={() => setOn(!on)}
          onShow={() => {
            toTop();
            live.show();
          }}
          onRefresh={refreshFromTop}
        />
      }
    >
      <DeliveryFilterBar
        filters={filters}
        onChange={(changed) =>
          void navigate({ to: ".", search: readFilters({ ...changed }), replace: true })
        }
      />
      <Loaded query={pages} lines={12}>
        {() =>
          shown.rows.length === 0 && !pages.hasNextPage ? (
            <NothingFound filtered={Object.keys(filters).length > 0} />
          ) : (
            <div ref={table}>
              <DeliveryTable
                shown={shown}
                nameOf={nameOf}
                complete={!pages.hasNextPage}
                onNearEnd={pages.readOn}
                onScrolled={setHold}
                onRefresh={refreshFromTop}
                tail={<Tail pages={pages} rows={shown.rows.length} />}
              />
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}

/** The pages that were read so far, and the rows in them. */
function useLoadedDeliveries(appId: string, filters: DeliveryFilters) {
  const client = useQueryClient();
  const options = deliveryPages(appId, () => searchOf(filters, new Date()), filters);
  const query = useInfiniteQuery(options);
  const rowsOfPage = useRef(new WeakMap<object, DeliveryRow[]>());
  const read = query.data?.pages;
  const loaded = useMemo(() => {
    const rows = (read ?? []).map((page) => {
      const known = rowsOfPage.current.get(page) ?? page.data.map(rowOfAttempt);
      rowsOfPage.current.set(page, known);
      return known;
    });
    return rows.flat();
  }, [read]);
  const emptyPages = countEmpty(read ?? []);
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query;
  const readOn = useCallback(() => {
    const goesOn = hasNextPage && !isFetching && !isFetchNextPageError;
    if (goesOn && emptyPages < EMPTY_PAGES_MAX) void fetchNextPage();
  }, [hasNextPage, isFetching, isFetchNextPageError, emptyPages, fetchNextPage]);
  const loadedAt = useLoadedAt(read?.[0]);
  const refresh = () => void client.resetQueries({ queryKey: options.queryKey });
  return { pages: { ...query, emptyPages, readOn, loadedAt }, loaded, refresh };
}

/** When the first page came, which other pages do not change. */
function useLoadedAt(firstPage: object | undefined): number {
  const times = useRef(new WeakMap<object, number>());
  if (firstPage === undefined) return 0;
  const at = times.current.get(firstPage) ?? Date.now();
  times.current.set(firstPage, at);
  return at;
}

/** How many of the last pages had no row. */
function countEmpty(pages: { data: unknown[] }[]): number {
  const last = pages.findLastIndex((page) => page.data.length > 0);
  return pages.length - 1 - last;
}

function Tail(props: { pages: ReturnType<typeof useLoadedDeliveries>["pages"]; rows: number }) {
  const { pages, rows } = props;
  if (pages.isFetchNextPageError)
    return <Failure error={pages.error} retry={() => void pages.fetchNextPage()} />;
  if (!pages.hasNextPage) return `${rows.toLocaleString()} deliveries`;
  if (pages.isFetching) return <Loader size="sm" aria-label="Loading more" />;
  if (pages.emptyPages < EMPTY_PAGES_MAX) return null;
  return (
    <>
      <Text size="sm" mb="xs">
        The search looked through many deliveries and has not come to the end.
      </Text>
      <Button size="xs" variant="default" onClick={() => void pages.fetchNextPage()}>
        Go on
      </Button>
    </>
  );
}

function NothingFound(props: { filtered: boolean }) {
  return props.filtered ? (
    <Empty title="No deliveries match">Change or clear the filters.</Empty>
  ) : (
    <Empty title="No deliveries yet">
      A message appears here with its first attempt at an endpoint.
    </Empty>
  );
}

import { Button, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { backlogSeries } from "../../api/platform";
import { tenantSeries } from "../../api/statistics";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { useMay } from "../permissions";
import { useFilters } from "../use-filters";
import { Numbers } from "./Numbers";
import { PlatformNotice } from "./PlatformNotice";
import { type Point, pointsOf, totalsOf } from "./points";
import { beginOf, RANGES, type Range, rangeOf } from "./ranges";
import { SeriesTable } from "./SeriesTable";
import { UnhealthyEndpoints } from "./UnhealthyEndpoints";

const SeriesCharts = lazy(() => import("./SeriesCharts"));

/** How the tenant's webhooks are doing: what needs attention first, then the numbers by time. */
export function OverviewPage() {
  const may = useMay();
  const [filters, filter] = useFilters(["range"]);
  const range = rangeOf(filters.range);
  return (
    <Page title="Overview">
      {may("read_platform") && <PlatformNotice />}
      <UnhealthyEndpoints />
      <Group justify="space-between">
        <Title order={2} size="h5">
          Deliveries
        </Title>
        <RangeChoice range={range} onChange={(name) => filter({ range: name })} />
      </Group>
      <Series key={range.name} range={range} />
    </Page>
  );
}

function RangeChoice(props: { range: Range; onChange: (name: string) => void }) {
  return (
    <Button.Group aria-label="Range">
      {RANGES.map(({ name, label }) => (
        <Button
          key={name}
          size="compact-sm"
          variant={name === props.range.name ? "filled" : "default"}
          aria-pressed={name === props.range.name}
          title={label}
          onClick={() => props.onChange(name)}
        >
          {name}
        </Button>
      ))}
    </Button.Group>
  );
}

function Series(props: { range: Range }) {
  const { range } = props;
  const may = useMay();
  const begin = () => beginOf(range, new Date());
  const series = useQuery(tenantSeries(range.name, range.resolution, begin));
  const backlog = useQuery({
    ...backlogSeries(range.name, range.resolution, begin),
    enabled: may("read_platform"),
  });
  return (
    <Loaded query={series} lines={8}>
      {({ since, data }) => (
        <Shown
          range={range}
          points={pointsOf(range, new Date(since), data, backlog.data)}
          withBacklog={may("read_platform")}
        />
      )}
    </Loaded>
  );
}

function Shown(props: { range: Range; points: Point[]; withBacklog: boolean }) {
  const { range, points, withBacklog } = props;
  const [asTable, setAsTable] = useState(false);
  const totals = useMemo(() => totalsOf(points), [points]);
  return (
    <Stack>
      <Numbers totals={totals} range={range} />
      <Group justify="flex-end">
        <Button
          variant="subtle"
          size="compact-sm"
          aria-expanded={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "Show charts" : "Show as a table"}
        </Button>
      </Group>
      {asTable ? (
        <SeriesTable range={range} points={points} withBacklog={withBacklog} />
      ) : (
        <Suspense fallback={<Skeleton height={260} />}>
          <SeriesCharts range={range} points={points} withBacklog={withBacklog} />
        </Suspense>
      )}
      {totals.accepted + totals.delivered + totals.failed === 0 && (
        <Paper>
          <Text c="dimmed" ta="center">
            No messages in this time.
          </Text>
        </Paper>
      )}
    </Stack>
  );
}

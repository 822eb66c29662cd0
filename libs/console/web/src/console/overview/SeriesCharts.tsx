import "@mantine/charts/styles.css";
import { BarChart, LineChart, type LineChartProps } from "@mantine/charts";
import { Paper, SimpleGrid, Stack, Title } from "@mantine/core";
import { pointLabel } from "./labels";
import { durationOf, type Point } from "./points";
import type { Range } from "./ranges";

const NUMBER = new Intl.NumberFormat();
const HEIGHT = 220;
const WHOLE = { allowDecimals: false };
// The table is for those who cannot see the charts: nothing in them takes the focus.
const SILENT = { accessibilityLayer: false };

/** What all charts have. */
type Common = Pick<
  LineChartProps,
  "h" | "data" | "dataKey" | "withLegend" | "tickLine" | "gridAxis"
>;

/** Messages, attempts and latency by time. The table has the same numbers. */
export default function SeriesCharts(props: {
  range: Range;
  points: Point[];
  /** Whether the backlog of the platform is shown, too. */
  withBacklog: boolean;
}) {
  const { range, points, withBacklog } = props;
  const data = points.map((point) => ({ ...point, time: pointLabel(range, point.at) }));
  const common: Common = {
    h: HEIGHT,
    data,
    dataKey: "time",
    withLegend: true,
    tickLine: "none",
    gridAxis: "x",
  };
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <Chart title="Attempts">
          <BarChart
            {...common}
            type="stacked"
            barChartProps={SILENT}
            yAxisProps={WHOLE}
            valueFormatter={(value) => NUMBER.format(value)}
            series={[
              { name: "delivered", label: "Delivered", color: "teal.6" },
              { name: "failed", label: "Failed", color: "red.6" },
            ]}
          />
        </Chart>
        <Chart title="Accepted messages">
          <BarChart
            {...common}
            barChartProps={SILENT}
            yAxisProps={WHOLE}
            valueFormatter={(value) => NUMBER.format(value)}
            series={[{ name: "accepted", label: "Accepted", color: "brand.6" }]}
          />
        </Chart>
      </SimpleGrid>
      <Chart title="Latency: from acceptance to delivery">
        <LineChart
          {...common}
          lineChartProps={SILENT}
          curveType="monotone"
          connectNulls={false}
          valueFormatter={(value) => durationOf(value)}
          yAxisProps={{ width: 64 }}
          series={[
            { name: "p50", label: "p50", color: "brand.6" },
            { name: "p95", label: "p95", color: "yellow.7" },
            { name: "p99", label: "p99", color: "red.6" },
          ]}
        />
      </Chart>
      {withBacklog && <Backlog common={common} />}
    </Stack>
  );
}

/** What is accepted and not settled yet, of all tenants. */
function Backlog(props: { common: Common }) {
  const { common } = props;
  const line = {
    ...common,
    lineChartProps: SILENT,
    curveType: "monotone" as const,
    connectNulls: false,
  };
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
      <Chart title="Backlog of the platform: open batches">
        <LineChart
          {...line}
          yAxisProps={WHOLE}
          valueFormatter={(value) => NUMBER.format(value)}
          series={[{ name: "openBatches", label: "Open batches", color: "brand.6" }]}
        />
      </Chart>
      <Chart title="Backlog of the platform: age of the oldest">
        <LineChart
          {...line}
          yAxisProps={{ width: 64 }}
          valueFormatter={(value) => durationOf(value)}
          series={[{ name: "oldestOpenMs", label: "Oldest open batch", color: "yellow.7" }]}
        />
      </Chart>
    </SimpleGrid>
  );
}

function Chart(props: { title: string; children: React.ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={3} size="h6">
          {props.title}
        </Title>
        {/* What is drawn cannot be read aloud; the table can. */}
        <div aria-hidden>{props.children}</div>
      </Stack>
    </Paper>
  );
}

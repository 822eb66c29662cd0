import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { Paper, SimpleGrid, Stack, Title } from "@mantine/core";
import { pointLabel } from "./labels";
import { durationOf, type Point } from "./points";
import type { Range } from "./ranges";

const NUMBER = new Intl.NumberFormat();
const HEIGHT = 220;
const WHOLE = { allowDecimals: false };
// The table is for those who cannot see the charts: nothing in them takes the focus.
const SILENT = { accessibilityLayer: false };

/** Messages, attempts and latency by time. The table has the same numbers. */
export default function SeriesCharts(props: { range: Range; points: Point[] }) {
  const { range, points } = props;
  const data = points.map((point) => ({ ...point, time: pointLabel(range, point.at) }));
  const common = {
    h: HEIGHT,
    data,
    dataKey: "time",
    withLegend: true,
    tickLine: "none" as const,
    gridAxis: "x" as const,
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
    </Stack>
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

import { Anchor } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FoundAttempt, foundAttempts } from "../../api/message-search";
import { Empty } from "../../components/Empty";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";
import { ApplicationLink } from "../components/ApplicationLink";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { Mono } from "../components/Mono";
import { attemptFilter, type SearchFilters } from "./filters";

const STATUS: Record<FoundAttempt["statusText"], { color: string; word: string }> = {
  success: { color: "teal", word: "Succeeded" },
  fail: { color: "red", word: "Failed" },
  pending: { color: "yellow", word: "Pending" },
  sending: { color: "blue", word: "Sending" },
};

/** The attempts that the filters find. */
export function AttemptTable(props: { filters: SearchFilters }) {
  const filter = attemptFilter(props.filters);
  const found = useInfiniteQuery(foundAttempts(filter));
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <EndlessTable
      label="Attempts"
      query={found}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      minWidth={72}
      empty={
        isFiltered ? (
          <Empty title="No attempt is found">Change the filters, or remove some of them.</Empty>
        ) : (
          <Empty title="No attempts yet">
            An attempt is one request to one endpoint; a failed one is repeated.
          </Empty>
        )
      }
    />
  );
}

const COLUMNS: Column<FoundAttempt>[] = [
  {
    name: "Status",
    width: 8.5,
    cell: ({ statusText }) => (
      <StatusBadge color={STATUS[statusText].color}>{STATUS[statusText].word}</StatusBadge>
    ),
  },
  {
    name: "Response",
    width: 7,
    cell: ({ responseStatusCode, failure }) =>
      responseStatusCode > 0 ? String(responseStatusCode) : (failure ?? "—"),
  },
  { name: "Endpoint", cell: ({ url }) => <Mono>{url}</Mono> },
  { name: "Event type", width: 10, cell: ({ eventType }) => eventType },
  {
    name: "Message",
    width: 15.5,
    cell: ({ msgId, appId }) =>
      appId === null ? (
        <Mono>{msgId}</Mono>
      ) : (
        <Anchor component={Link} to={`/applications/${appId}/deliveries/${msgId}`}>
          <Mono>{msgId}</Mono>
        </Anchor>
      ),
  },
  {
    name: "Application",
    width: 9,
    cell: ({ appId }) => (appId === null ? "—" : <ApplicationLink appId={appId} />),
  },
  {
    name: "Took",
    width: 6,
    align: "end",
    cell: ({ responseDurationMs }) => `${responseDurationMs} ms`,
  },
  { name: "When", width: 9, cell: ({ timestamp }) => <When at={timestamp} /> },
];

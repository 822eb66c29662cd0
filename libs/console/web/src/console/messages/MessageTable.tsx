import { Anchor, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FoundMessage, foundMessages } from "../../api/message-search";
import { Empty } from "../../components/Empty";
import { When } from "../../components/When";
import { ApplicationLink } from "../components/ApplicationLink";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { Mono } from "../components/Mono";
import { messageFilter, type SearchFilters } from "./filters";

/** The messages that the filters find. */
export function MessageTable(props: { filters: SearchFilters }) {
  const filter = messageFilter(props.filters);
  const found = useInfiniteQuery(foundMessages(filter));
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <EndlessTable
      label="Messages"
      query={found}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      empty={
        isFiltered ? (
          <Empty title="No message is found">Change the filters, or remove some of them.</Empty>
        ) : (
          <Empty title="No messages yet">
            A message is an event that you post; it goes to all endpoints that listen to its type.
          </Empty>
        )
      }
    />
  );
}

const COLUMNS: Column<FoundMessage>[] = [
  {
    name: "Message",
    width: 17,
    cell: ({ id, appId }) => (
      <Anchor component={Link} to={`/applications/${appId}/deliveries/${id}`}>
        <Mono>{id}</Mono>
      </Anchor>
    ),
  },
  { name: "Event type", cell: ({ eventType }) => eventType },
  { name: "Application", cell: ({ appId }) => <ApplicationLink appId={appId} /> },
  {
    name: "Event id",
    cell: ({ eventId }) => (eventId ? <Mono>{eventId}</Mono> : <Text c="dimmed">—</Text>),
  },
  {
    name: "Tags and channels",
    cell: ({ tags, channels }) => [...(tags ?? []), ...(channels ?? [])].join(", ") || "—",
  },
  { name: "Accepted", width: 9, cell: ({ timestamp }) => <When at={timestamp} /> },
];

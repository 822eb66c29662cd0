import { Anchor, Button, Group, Switch, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type EventType, eventTypePages } from "../../api/event-types";
import { Empty } from "../../components/Empty";
import { Page } from "../../components/Page";
import { When } from "../../components/When";
import { type Column, EndlessTable } from "../components/EndlessTable";
import { useMay } from "../permissions";
import { useFilters } from "../use-filters";
import { EventTypeState } from "./EventTypeState";
import { latestVersion } from "./example";

/** The catalog of event types. */
export function EventTypesPage() {
  const may = useMay();
  const [{ archived }, filter] = useFilters(["archived"]);
  const withArchived = archived === "true";
  const pages = useInfiniteQuery(eventTypePages(withArchived));
  return (
    <Page
      title="Event types"
      description="What happens in your product, as your customers subscribe to it."
      actions={
        may("manage_tenant") && (
          <>
            <Button variant="default" component={Link} to="/event-types/import">
              Import from OpenAPI
            </Button>
            <Button component={Link} to="/event-types/new">
              Create an event type
            </Button>
          </>
        )
      }
    >
      <Switch
        label="Show archived ones, too"
        checked={withArchived}
        onChange={(event) => filter({ archived: event.currentTarget.checked ? "true" : undefined })}
      />
      <EndlessTable
        label="Event types"
        query={pages}
        columns={COLUMNS}
        rowKey={({ name }) => name}
        empty={
          <Empty title="No event types yet">
            Create them one by one, or import the webhooks of an OpenAPI document. Endpoints listen
            to some of them, or to all.
          </Empty>
        }
      />
    </Page>
  );
}

const COLUMNS: Column<EventType>[] = [
  {
    name: "Name",
    cell: ({ name }) => (
      <Anchor component={Link} to="/event-types/by-name/$name" params={{ name } as never}>
        {name}
      </Anchor>
    ),
  },
  { name: "Description", cell: ({ description }) => <Text size="sm">{description}</Text> },
  { name: "Group", width: 9, cell: ({ groupName }) => groupName ?? "—" },
  {
    name: "Schema",
    width: 6,
    cell: ({ schemas }) => {
      const version = latestVersion(schemas);
      return version === undefined ? "—" : `v${version}`;
    },
  },
  {
    name: "State",
    width: 12,
    cell: (type) => (
      <Group gap={4}>
        <EventTypeState type={type} />
      </Group>
    ),
  },
  { name: "Changed", width: 9, cell: ({ updatedAt }) => <When at={updatedAt} /> },
];

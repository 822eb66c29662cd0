import { Anchor, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type EventType, eventTypes } from "../../api/event-types";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Section } from "../../components/Section";
import { StatusBadge } from "../../components/StatusBadge";
import { useApplication } from "../application";
import { eventTypeTree, searchTypes, type TreeNode } from "./event-type-tree";

/** The catalog: all event types by group. */
export function EventTypesPage() {
  const catalog = useQuery(eventTypes);
  return (
    <Page title="Event catalog" description="What webhooks can tell you.">
      <Loaded query={catalog}>
        {(types) =>
          types.length === 0 ? (
            <Empty title="No event types yet">
              An event type names a kind of message, such as invoice.paid.
            </Empty>
          ) : (
            <Catalog types={types} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Catalog(props: { types: EventType[] }) {
  const { q } = useSearch({ strict: false }) as { q?: unknown };
  const search = typeof q === "string" ? q : "";
  const navigate = useNavigate();
  const found = searchTypes(props.types, search);
  const tree = eventTypeTree(found);
  const single = tree.filter(({ type }) => type !== undefined);
  const groups = tree.filter(({ type }) => type === undefined);
  return (
    <Stack gap="md">
      <TextInput
        type="search"
        aria-label="Search event types"
        placeholder="Search event types"
        maw={420}
        value={search}
        onChange={(event) =>
          void navigate({
            to: ".",
            search: (event.currentTarget.value ? { q: event.currentTarget.value } : {}) as never,
            replace: true,
            resetScroll: false,
          })
        }
      />
      <Text size="sm" c="dimmed" role="status">
        {found.length === 1 ? "1 event type" : `${found.length.toLocaleString()} event types`}
      </Text>
      {single.length > 0 && (
        <Section title="Without a group">
          <Types nodes={single} />
        </Section>
      )}
      {groups.map((group) => (
        <Section key={group.key} title={group.label}>
          <Types nodes={group.children} />
        </Section>
      ))}
    </Stack>
  );
}

/** Event types, and groups within the group. */
function Types(props: { nodes: TreeNode<EventType>[] }) {
  return (
    <Stack gap="sm">
      {props.nodes.map((node) =>
        node.type ? (
          <TypeLine key={node.key} type={node.type} />
        ) : (
          <Stack key={node.key} gap="xs" ps="md">
            <Title order={3} size="h6">
              {node.label}
            </Title>
            <Types nodes={node.children} />
          </Stack>
        ),
      )}
    </Stack>
  );
}

function TypeLine(props: { type: EventType }) {
  const { name, description, deprecated } = props.type;
  const { path } = useApplication();
  return (
    <Stack gap={0} style={{ overflowWrap: "anywhere" }}>
      <Group gap="xs">
        <Anchor
          component={Link}
          to={`${path}/event-types/$eventTypeName`}
          params={{ eventTypeName: name } as never}
          fw={500}
        >
          {name}
        </Anchor>
        {deprecated && <StatusBadge color="yellow">Deprecated</StatusBadge>}
      </Group>
      {description && (
        <Text size="sm" c="dimmed">
          {description}
        </Text>
      )}
    </Stack>
  );
}

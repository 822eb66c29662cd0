import { Button, Checkbox, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { TbChevronDown, TbChevronRight } from "react-icons/tb";
import { type EventType, eventTypes } from "../../../api/event-types";
import { Loaded } from "../../../components/Loaded";
import { eventTypeTree, searchTypes, type TreeNode } from "../../event-types/event-type-tree";
import classes from "./EventTypeChoice.module.css";

interface Choice {
  chosen: ReadonlySet<string>;
  /** Chooses these names, or no longer. */
  toggle: (names: string[], chosen: boolean) => void;
}

/** Chooses all event types, or some from the tree of the catalog. */
export function EventTypeChoice(props: {
  value: string[] | null;
  onChange: (value: string[] | null) => void;
  error?: string;
}) {
  const { value, onChange, error } = props;
  return (
    <Stack gap="xs">
      <Radio.Group
        label="Events"
        description="Which events are sent to this endpoint."
        error={error}
        value={value === null ? "all" : "some"}
        onChange={(which) => onChange(which === "all" ? null : [])}
      >
        <Group mt="xs">
          <Radio value="all" label="All events, also future ones" />
          <Radio value="some" label="Selected events" />
        </Group>
      </Radio.Group>
      {value !== null && <SomeEventTypes value={value} onChange={onChange} />}
    </Stack>
  );
}

function SomeEventTypes(props: { value: string[]; onChange: (value: string[]) => void }) {
  const { value, onChange } = props;
  const catalog = useQuery(eventTypes);
  const choice: Choice = {
    chosen: new Set(value),
    toggle: (names, chosen) => {
      const next = new Set(value);
      for (const name of names) chosen ? next.add(name) : next.delete(name);
      onChange([...next].sort());
    },
  };
  return (
    <Loaded query={catalog} lines={3}>
      {(types) => <Tree types={withUnknown(types, value)} choice={choice} />}
    </Loaded>
  );
}

function Tree(props: { types: { name: string; groupName?: string | null }[]; choice: Choice }) {
  const { types, choice } = props;
  const [search, setSearch] = useState("");
  const found = useMemo(() => searchTypes(types, search), [types, search]);
  const tree = useMemo(() => eventTypeTree(found), [found]);
  if (types.length === 0)
    return (
      <Text size="sm" c="dimmed">
        There are no event types yet. Until there are, choose all events.
      </Text>
    );
  return (
    <Stack gap="xs">
      <TextInput
        type="search"
        aria-label="Search events"
        placeholder="Search events"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {choice.chosen.size} selected{search && `, ${found.length} found`}
        </Text>
        {choice.chosen.size > 0 && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => choice.toggle([...choice.chosen], false)}
          >
            Clear the selection
          </Button>
        )}
      </Group>
      <div className={classes.tree}>
        {tree.map((node) => (
          <Node key={node.key} node={node} choice={choice} open={search !== ""} />
        ))}
        {found.length === 0 && (
          <Text size="sm" c="dimmed">
            No event is named like this.
          </Text>
        )}
      </div>
    </Stack>
  );
}

function Node(props: {
  node: TreeNode<{ name: string; description?: string }>;
  choice: Choice;
  /** Shows what is below, whatever was folded. */
  open: boolean;
}) {
  const { node, choice, open } = props;
  const chosen = node.names.filter((name) => choice.chosen.has(name)).length;
  const [unfolded, setUnfolded] = useState(chosen > 0 && chosen < node.names.length);
  const shown = open || unfolded;
  const isGroup = node.type === undefined;
  return (
    <div className={classes.node}>
      <Group gap={4} wrap="nowrap">
        {isGroup && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            px={2}
            aria-expanded={shown}
            aria-label={`${shown ? "Hide" : "Show"} events of ${node.label}`}
            onClick={() => setUnfolded(!shown)}
          >
            {shown ? (
              <TbChevronDown size={14} aria-hidden />
            ) : (
              <TbChevronRight size={14} aria-hidden />
            )}
          </Button>
        )}
        <Checkbox
          size="xs"
          label={isGroup ? `${node.label} (${node.names.length})` : node.label}
          description={node.type?.description}
          checked={chosen === node.names.length}
          indeterminate={chosen > 0 && chosen < node.names.length}
          onChange={() => choice.toggle(node.names, chosen < node.names.length)}
        />
      </Group>
      {isGroup && shown && (
        <div className={classes.children}>
          {node.children.map((child) => (
            <Node key={child.key} node={child} choice={choice} open={open} />
          ))}
        </div>
      )}
    </div>
  );
}

/** The catalog, with chosen names that it does not have any more. */
function withUnknown(types: EventType[], chosen: string[]) {
  const known = new Set(types.map(({ name }) => name));
  const unknown = chosen.filter((name) => !known.has(name));
  return [
    ...types,
    ...unknown.map((name) => ({
      name,
      groupName: "Not in the catalog",
      description: "",
    })),
  ];
}

import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import {
  changeEventType,
  deleteEventType,
  type EventType,
  eventType as eventTypeQuery,
} from "../../api/event-types";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { useMay } from "../permissions";
import { useFormChange } from "../use-change";
import { EventTypeFields } from "./EventTypeFields";
import { EventTypeState } from "./EventTypeState";
import { bodyOf, useEventTypeForm } from "./type-form";

/** One event type: its description, its schemas, and what can be done with it. */
export function EventTypePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const found = useQuery(eventTypeQuery(name));
  return <Loaded query={found}>{(type) => <EventTypeEditor key={name} type={type} />}</Loaded>;
}

function EventTypeEditor(props: { type: EventType }) {
  const { type } = props;
  const readOnly = !useMay()("manage_tenant");
  const [saved, setSaved] = useState(false);
  const form = useEventTypeForm(type);
  const { change, unplaced } = useFormChange(
    form,
    (values) => changeEventType(type.name, bodyOf(values)),
    {
      refreshes: "event-types",
      onDone: () => {
        form.resetDirty();
        setSaved(true);
      },
    },
  );
  return (
    <Page
      title={type.name}
      description={
        <Group gap="sm">
          <Anchor component={Link} to="/event-types" inherit>
            Event types
          </Anchor>
          <EventTypeState type={type} />
        </Group>
      }
      actions={!readOnly && <Actions type={type} />}
    >
      <form
        noValidate
        onSubmit={form.onSubmit((values) => change.mutate(values))}
        onChange={() => setSaved(false)}
      >
        <Stack maw="48rem">
          {unplaced && <Failure error={unplaced} />}
          <EventTypeFields form={form} isNew={false} readOnly={readOnly} />
          {!readOnly && (
            <Group justify="flex-end">
              <Text size="sm" c="dimmed" role="status">
                {saved && "Saved."}
              </Text>
              <Button type="submit" loading={change.isPending}>
                Save
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Page>
  );
}

function Actions(props: { type: EventType }) {
  const { name, archived } = props.type;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ["event-types"] });
  const archive = useMutation({
    mutationFn: () => changeEventType(name, { archived: !archived }),
    onSuccess: refresh,
  });
  return (
    <>
      <Button variant="default" loading={archive.isPending} onClick={() => archive.mutate()}>
        {archived ? "Restore" : "Archive"}
      </Button>
      <Button variant="default" onClick={() => setDeleting(true)}>
        Delete
      </Button>
      {archive.isError && <Alert color="red">{archive.error.message}</Alert>}
      <ConfirmDialog
        opened={deleting}
        title={`Delete ${name}?`}
        verb="Delete the event type"
        act={() => deleteEventType(name)}
        onDone={() => {
          queries.removeQueries({ queryKey: ["event-types", "one", name] });
          void refresh();
          void navigate({ to: "/event-types" });
        }}
        onClose={() => setDeleting(false)}
      >
        <Text size="sm">
          Its schemas are deleted for good. To keep them and only take it out of the catalog,
          archive it.
        </Text>
      </ConfirmDialog>
    </>
  );
}

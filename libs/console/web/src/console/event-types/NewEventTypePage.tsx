import { Anchor, Button, Group, Stack } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { createEventType } from "../../api/event-types";
import { Failure } from "../../components/Failure";
import { Page } from "../../components/Page";
import { useFormChange } from "../use-change";
import { EventTypeFields } from "./EventTypeFields";
import { bodyOf, useEventTypeForm } from "./type-form";

/** Creates an event type. */
export function NewEventTypePage() {
  const navigate = useNavigate();
  const form = useEventTypeForm();
  const { change, unplaced } = useFormChange(
    form,
    (values) => createEventType({ name: values.name, ...bodyOf(values) }),
    {
      refreshes: "event-types",
      onDone: ({ name }) =>
        void navigate({ to: "/event-types/by-name/$name", params: { name } as never }),
    },
  );
  return (
    <Page
      title="Create an event type"
      description={
        <Anchor component={Link} to="/event-types" inherit>
          Event types
        </Anchor>
      }
    >
      <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
        <Stack maw="48rem">
          {unplaced && <Failure error={unplaced} />}
          <EventTypeFields form={form} isNew readOnly={false} />
          <Group justify="flex-end">
            <Button type="submit" loading={change.isPending}>
              Create the event type
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

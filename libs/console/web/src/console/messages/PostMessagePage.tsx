import {
  Alert,
  Autocomplete,
  Button,
  Group,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { foundApplications } from "../../api/applications";
import { allEventTypes, type EventType } from "../../api/event-types";
import { postMessage } from "../../api/message-posting";
import { Failure } from "../../components/Failure";
import { JsonField } from "../../components/JsonField";
import { isObject, prettyJson, readJson } from "../../components/json";
import { Page } from "../../components/Page";
import { exampleOf, latestVersion } from "../event-types/example";
import { useMay } from "../permissions";
import { useFormChange } from "../use-change";
import { useFilters } from "../use-filters";
import { Precheck } from "./Precheck";

const SEARCH_MS = 300;

/** Posts one message, as the backend of a tenant does. */
export function PostMessagePage() {
  const [posted, setPosted] = useState<{ id: string; appId: string }>();
  return (
    <Page title="Post a message" description="It is delivered as if your backend had posted it.">
      {posted && <Posted {...posted} />}
      <MessageForm onPosted={(id, appId) => setPosted({ id, appId })} />
    </Page>
  );
}

function Posted(props: { id: string; appId: string }) {
  return (
    <Alert color="teal" title="The message is accepted" role="status">
      <Link to={`/applications/${props.appId}/deliveries/${props.id}`}>
        See the deliveries of {props.id}
      </Link>
    </Alert>
  );
}

function MessageForm(props: { onPosted: (id: string, appId: string) => void }) {
  const [{ app }] = useFilters(["app"]);
  const form = useForm({
    initialValues: {
      app: app ?? "",
      eventType: "",
      eventId: "",
      channels: "",
      tags: "",
      payload: "{}",
    },
    validate: {
      app: (name) => (name.trim() === "" ? "Choose an application." : null),
      eventType: (name) => (name.trim() === "" ? "Choose an event type." : null),
      payload: payloadFault,
    },
  });
  const { change, unplaced } = useFormChange(
    form,
    ({ app: appId, eventType, eventId, channels, tags, payload }) =>
      postMessage(appId.trim(), {
        eventType: eventType.trim(),
        payload,
        ...(eventId && { eventId }),
        ...(channels && { channels: listed(channels) }),
        ...(tags && { tags: listed(tags) }),
      }),
    {
      refreshes: "search",
      onDone: ({ id }) => props.onPosted(id, form.getValues().app.trim()),
    },
  );
  const { app: appId, eventType, channels } = form.values;
  const prefill = (type: EventType | undefined) => {
    const example = type && exampleOfType(type);
    if (example !== undefined) form.setFieldValue("payload", prettyJson(example));
  };
  return (
    <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack maw="48rem">
        {unplaced && <Failure error={unplaced} />}
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <ApplicationField {...form.getInputProps("app")} />
          <EventTypeField {...form.getInputProps("eventType")} onChosen={prefill} />
        </SimpleGrid>
        <Precheck appId={appId.trim()} eventType={eventType.trim()} channels={listed(channels)} />
        <JsonField label="Payload" required minRows={10} {...form.getInputProps("payload")} />
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput
            label="Event id"
            description="Makes a repeated post the same message."
            {...form.getInputProps("eventId")}
          />
          <TextInput
            label="Channels"
            description="Separated by commas."
            {...form.getInputProps("channels")}
          />
          <TextInput
            label="Tags"
            description="Separated by commas."
            {...form.getInputProps("tags")}
          />
        </SimpleGrid>
        <Group justify="flex-end">
          <Button type="submit" loading={change.isPending}>
            Post the message
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface FieldProps {
  value?: string;
  onChange: (value: string) => void;
  error?: React.ReactNode;
}

/** An application by its id or uid; who may list them chooses from what the text finds. */
function ApplicationField(props: FieldProps) {
  const may = useMay();
  const [search] = useDebouncedValue(props.value ?? "", SEARCH_MS);
  const found = useQuery({ ...foundApplications(search), enabled: may("read_tenant") });
  const applications = found.data?.data ?? [];
  const names = new Map(applications.map(({ id, uid, name }) => [uid ?? id, name]));
  return (
    <Autocomplete
      label="Application"
      description="Its id or uid; type a part of its name to find it."
      required
      data={[...names.keys()]}
      filter={({ options }) => options}
      limit={20}
      renderOption={({ option }) => (
        <div>
          <Text size="sm">{names.get(option.value)}</Text>
          <Text size="xs" c="dimmed" ff="monospace">
            {option.value}
          </Text>
        </div>
      )}
      {...props}
    />
  );
}

function EventTypeField(props: FieldProps & { onChosen: (type: EventType | undefined) => void }) {
  const { onChosen, ...field } = props;
  const may = useMay();
  const { data: types = [] } = useQuery({ ...allEventTypes, enabled: may("read_event_types") });
  const offered = types.filter(({ archived }) => !archived);
  return (
    <Autocomplete
      label="Event type"
      description="Choosing one fills in the example of its schema."
      required
      data={offered.map(({ name }) => name)}
      limit={50}
      onOptionSubmit={(name) => onChosen(types.find((type) => type.name === name))}
      {...field}
    />
  );
}

function exampleOfType(type: EventType): unknown {
  const version = latestVersion(type.schemas);
  return version === undefined ? undefined : exampleOf(type.schemas?.[version]);
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
}

function payloadFault(text: string): string | null {
  const read = readJson(text);
  if (!read.ok) return read.sentence;
  return isObject(read.value) ? null : 'Write a JSON object, such as {"id": 1}.';
}

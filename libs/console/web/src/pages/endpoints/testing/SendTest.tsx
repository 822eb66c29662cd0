import { Alert, Button, NativeSelect, Stack, Textarea } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Endpoint } from "../../../api/endpoints";
import { eventType, eventTypes } from "../../../api/event-types";
import { sendExample } from "../../../api/redelivery";
import { Failure } from "../../../components/Failure";
import { Section } from "../../../components/Section";
import { useApplication } from "../../application";
import { exampleOf, newestVersion } from "../../event-types/example";
import { kindOf } from "../endpoint-kind";
import { payloadOf } from "./payload";
import { SentExample } from "./SentExample";

/** An event that the API can send without an event type. */
const PING = "svix.ping";
const PING_PAYLOAD = { success: true };

/** Sends a test event to an endpoint, and shows the answer. */
export default function SendTest(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const { appId } = useApplication();
  const catalog = useQuery(eventTypes);
  const [name, setName] = useState(PING);
  const [edited, setEdited] = useState<string>();
  const type = useQuery({ ...eventType(name), enabled: name !== PING });
  const schemas = type.data?.schemas ?? null;
  const example = name === PING ? PING_PAYLOAD : exampleOf(schemas?.[newestVersion(schemas) ?? ""]);
  const text = edited ?? (example ? JSON.stringify(example, null, 2) : "");
  const payload = payloadOf(text);
  const send = useMutation({
    mutationFn: () => sendExample(appId, endpoint.id, name, payload as Record<string, never>),
  });
  const fault = text === "" ? undefined : payload === undefined && "This is not a JSON object.";
  return (
    <Section
      title="Send a test event"
      description="It goes to this endpoint only, whatever events it has chosen."
    >
      <Stack gap="sm" maw={720}>
        {endpoint.disabled && (
          <Alert color="yellow">The endpoint is disabled. Enable it to send a test event.</Alert>
        )}
        <NativeSelect
          label="Event"
          value={name}
          data={[
            { value: PING, label: `Test event (${PING})` },
            ...(catalog.data ?? []).map((one) => ({ value: one.name, label: one.name })),
          ]}
          onChange={(event) => {
            setName(event.currentTarget.value);
            setEdited(undefined);
            send.reset();
          }}
        />
        <Textarea
          label="Payload"
          description={
            example ? "The example of the event. You can change it." : "The event has no example."
          }
          value={text}
          error={fault}
          autosize
          minRows={4}
          maxRows={20}
          dir="ltr"
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          onChange={(event) => setEdited(event.currentTarget.value)}
        />
        <div>
          <Button
            loading={send.isPending}
            disabled={payload === undefined || endpoint.disabled}
            onClick={() => send.mutate()}
          >
            Send
          </Button>
        </div>
        {send.isError && <Failure error={send.error} />}
        {send.data && kindOf(endpoint.url) === "poller" && (
          <Alert color="teal" role="status">
            The event waits to be polled.
          </Alert>
        )}
        {send.data && kindOf(endpoint.url) !== "poller" && (
          <SentExample endpointId={endpoint.id} messageId={send.data.id} />
        )}
      </Stack>
    </Section>
  );
}

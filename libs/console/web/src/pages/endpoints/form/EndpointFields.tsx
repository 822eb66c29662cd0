import { Button, NumberInput, SegmentedControl, Stack, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { EventTypeChoice } from "./EventTypeChoice";
import { bound, type EndpointForm } from "./endpoint-form";
import { HeaderFields } from "./HeaderFields";
import { MoreOptions } from "./MoreOptions";
import { SigningFields } from "./SigningFields";
import { UrlField } from "./UrlField";

const ALWAYS_SHOWN = new Set([
  "kind",
  "url",
  "description",
  "eventTypes",
  "channels",
  "secret",
  "throttleRate",
  "headers",
]);

/** All fields of an endpoint. What most endpoints do not need is folded. */
export function EndpointFields(props: { form: EndpointForm; isNew: boolean }) {
  const { form, isNew } = props;
  const [unfolded, setMore] = useState(false);
  // A fault has to be seen, wherever it is.
  const more = unfolded || Object.keys(form.errors).some((name) => !ALWAYS_SHOWN.has(name));
  const isPolled = form.values.kind === "poller";
  return (
    <Stack gap="lg">
      {isNew && (
        <SegmentedControl
          aria-label="How messages are received"
          data={[
            { value: "webhook", label: "Sent to you" },
            { value: "poller", label: "Polled by you" },
          ]}
          {...form.getInputProps("kind")}
        />
      )}
      {!isPolled && <UrlField {...bound(form, "url")} />}
      <TextInput
        label="Description"
        description="What the endpoint is for."
        {...form.getInputProps("description")}
      />
      <EventTypeChoice {...bound(form, "eventTypes")} />
      <TagsInput
        label="Channels"
        description="Receives only messages with one of these channels; all, if there is none. Enter adds one."
        maxTags={10}
        clearable={false}
        {...form.getInputProps("channels")}
      />
      {isNew && !isPolled && (
        <SigningFields
          kind={form.values.signing}
          secret={form.values.secret}
          onKind={(kind) => form.setFieldValue("signing", kind)}
          onSecret={(secret) => form.setFieldValue("secret", secret)}
          error={form.errors.secret as string | undefined}
        />
      )}
      {!isPolled && (
        <NumberInput
          label="Rate limit, in messages per second"
          description="Empty for no limit. What is over it waits, and is not lost."
          min={1}
          max={65535}
          allowDecimal={false}
          {...form.getInputProps("throttleRate")}
        />
      )}
      {!isPolled && <HeaderFields {...bound(form, "headers")} />}
      <div>
        <Button
          variant="subtle"
          px={0}
          aria-expanded={more}
          aria-controls="more-options"
          onClick={() => setMore(!more)}
        >
          {more ? "Fewer options" : "More options"}
        </Button>
      </div>
      <div id="more-options" hidden={!more}>
        <MoreOptions form={form} isNew={isNew} />
      </div>
    </Stack>
  );
}

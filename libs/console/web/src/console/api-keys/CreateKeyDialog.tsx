import { Button, Fieldset, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { createApiKey } from "../../api/api-keys";
import type { Schemas } from "../../api/client";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { CopyField } from "../components/CopyField";
import { asTime } from "../local-time";
import { rateFault, rateOf } from "../rates";
import { useFormChange } from "../use-change";

type Scope = Schemas["ApiKeyIn"]["scope"];

const SCOPES: { value: Scope; label: string }[] = [
  { value: "publish", label: "publish: post messages, and nothing else" },
  { value: "read", label: "read: read everything but secrets and API keys" },
  { value: "application", label: "application: everything of one application" },
  { value: "admin", label: "admin: everything of the tenant" },
];

const RATES = [
  { name: "requestsPerMinute", label: "Requests" },
  { name: "messagesPerMinute", label: "Messages" },
  { name: "payloadBytesPerMinute", label: "Bytes of payloads" },
] as const;

/** Creates a key, and shows its token once. */
export function CreateKeyDialog(props: { opened: boolean; onClose: () => void }) {
  const { opened, onClose } = props;
  const [token, setToken] = useState<string>();
  const close = () => {
    setToken(undefined);
    onClose();
  };
  return (
    <Dialog
      opened={opened}
      onClose={close}
      closeOnClickOutside={token === undefined}
      title={token === undefined ? "Create an API key" : "The key is created"}
    >
      {token === undefined ? (
        <KeyForm onCreated={setToken} onClose={close} />
      ) : (
        <Stack>
          <CopyField label="API key" value={token} />
          <Text size="sm">
            Copy it now: it is shown only once. Angarium keeps a hash of it, and cannot show it
            again.
          </Text>
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}

function KeyForm(props: { onCreated: (token: string) => void; onClose: () => void }) {
  const form = useForm({
    initialValues: {
      name: "",
      scope: "publish" as Scope,
      appId: "",
      expiresAt: "",
      requestsPerMinute: "",
      messagesPerMinute: "",
      payloadBytesPerMinute: "",
    },
    validate: {
      name: (name) => (name.trim() === "" ? "Write a name." : null),
      appId: (appId, { scope }) =>
        scope === "application" && appId.trim() === "" ? "Write its id or uid." : null,
      requestsPerMinute: rateFault,
      messagesPerMinute: rateFault,
      payloadBytesPerMinute: rateFault,
    },
  });
  const { change, unplaced } = useFormChange(
    form,
    ({ name, scope, appId, expiresAt, ...rates }) =>
      createApiKey({
        name,
        scope,
        ...(scope === "application" && { appId: appId.trim() }),
        expiresAt: asTime(expiresAt) ?? null,
        rates: {
          requestsPerMinute: rateOf(rates.requestsPerMinute),
          messagesPerMinute: rateOf(rates.messagesPerMinute),
          payloadBytesPerMinute: rateOf(rates.payloadBytesPerMinute),
        },
      }),
    { refreshes: "api-keys", onDone: ({ token }) => props.onCreated(token) },
  );
  return (
    <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        {unplaced && <Failure error={unplaced} />}
        <TextInput
          label="Name"
          description="Of the program that uses it. It stands in the audit log."
          required
          data-autofocus
          {...form.getInputProps("name")}
        />
        <NativeSelect label="Scope" data={SCOPES} {...form.getInputProps("scope")} />
        {form.values.scope === "application" && (
          <TextInput
            label="Application"
            description="Its id or uid."
            required
            {...form.getInputProps("appId")}
          />
        )}
        <TextInput
          type="datetime-local"
          label="Expires"
          description="Empty: never."
          {...form.getInputProps("expiresAt")}
        />
        <Fieldset legend="The most that it may use in a minute">
          <Stack gap="xs">
            {RATES.map(({ name, label }) => (
              <TextInput
                key={name}
                label={label}
                placeholder="No limit of its own"
                inputMode="numeric"
                {...form.getInputProps(name)}
              />
            ))}
          </Stack>
        </Fieldset>
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

import { Button, Group, Stack, Switch, TextInput, Title } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { SchemaEditor } from "./SchemaEditor";
import { type EventTypeValues, nextVersion } from "./type-form";

/** The fields of an event type. */
export function EventTypeFields(props: {
  form: UseFormReturnType<EventTypeValues>;
  isNew: boolean;
  readOnly: boolean;
}) {
  const { form, isNew, readOnly } = props;
  return (
    <Stack>
      {isNew && (
        <TextInput
          label="Name"
          description="Such as invoice.paid. It cannot be changed later."
          required
          {...form.getInputProps("name")}
        />
      )}
      <TextInput label="Description" readOnly={readOnly} {...form.getInputProps("description")} />
      <TextInput
        label="Group"
        description="Under which customers find it. Empty: by the parts of its name."
        readOnly={readOnly}
        {...form.getInputProps("groupName")}
      />
      <Switch
        label="Deprecated: customers are told not to use it any more"
        disabled={readOnly}
        {...form.getInputProps("deprecated", { type: "checkbox" })}
      />
      <TextInput
        label="Feature flags"
        description="Separated by commas. Labels of your own."
        readOnly={readOnly}
        {...form.getInputProps("featureFlags")}
      />
      <TextInput
        label="Retry schedule"
        description="Seconds between attempts, separated by commas, or none. Empty: that of the tenant."
        readOnly={readOnly}
        {...form.getInputProps("retrySchedule")}
      />
      <Versions form={form} readOnly={readOnly} />
    </Stack>
  );
}

function Versions(props: { form: UseFormReturnType<EventTypeValues>; readOnly: boolean }) {
  const { form, readOnly } = props;
  const { versions } = form.values;
  const add = () => {
    const version = nextVersion(versions);
    const text = versions.at(-1)?.text ?? '{\n  "type": "object",\n  "properties": {}\n}';
    form.insertListItem("versions", { key: crypto.randomUUID?.() ?? version, version, text });
  };
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        Schema of the payload
      </Title>
      {versions.map(({ key }, index) => (
        <SchemaEditor
          key={key}
          form={form}
          index={index}
          readOnly={readOnly}
          onRemove={() => form.removeListItem("versions", index)}
        />
      ))}
      {!readOnly && (
        <Group>
          <Button variant="default" size="xs" onClick={add}>
            {versions.length === 0 ? "Add a schema" : "Add a version"}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

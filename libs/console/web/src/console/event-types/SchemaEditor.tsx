import { Alert, Button, Fieldset, Group, Stack, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { testSchema } from "../../api/event-types";
import { Failure } from "../../components/Failure";
import { JsonField } from "../../components/JsonField";
import { isObject, prettyJson, readJson } from "../../components/json";
import { exampleOf } from "./example";
import type { EventTypeValues } from "./type-form";

/** One version of a schema, and whether an example is what it describes. */
export function SchemaEditor(props: {
  form: UseFormReturnType<EventTypeValues>;
  index: number;
  readOnly: boolean;
  onRemove: () => void;
}) {
  const { form, index, readOnly, onRemove } = props;
  const name = form.values.versions[index]?.version ?? "";
  return (
    <Fieldset legend={`Version ${name}`}>
      <Stack gap="sm">
        <Group align="flex-end" justify="space-between">
          <TextInput
            label="Version"
            readOnly={readOnly}
            w="8rem"
            {...form.getInputProps(`versions.${index}.version`)}
          />
          {!readOnly && (
            <Button
              variant="subtle"
              color="red"
              size="xs"
              aria-label={`Remove version ${name}`}
              onClick={onRemove}
            >
              Remove
            </Button>
          )}
        </Group>
        <JsonField
          label="JSON schema"
          readOnly={readOnly}
          {...form.getInputProps(`versions.${index}.text`)}
        />
        <ExampleCheck schemaText={form.values.versions[index]?.text ?? ""} />
      </Stack>
    </Fieldset>
  );
}

function ExampleCheck(props: { schemaText: string }) {
  const { schemaText } = props;
  const [example, setExample] = useState<string>();
  const read = readJson(example ?? "");
  const schema = readJson(schemaText);
  const check = useMutation({
    mutationFn: () =>
      testSchema(
        schema.ok && isObject(schema.value) ? schema.value : {},
        read.ok ? read.value : null,
      ),
  });
  const change = (text: string) => {
    check.reset();
    setExample(text);
  };
  if (example === undefined)
    return (
      <Group>
        <Button
          variant="default"
          size="xs"
          disabled={!schema.ok}
          onClick={() => change(prettyJson(schema.ok ? exampleOf(schema.value) : {}))}
        >
          Try an example
        </Button>
      </Group>
    );
  return (
    <Stack gap="xs">
      <JsonField
        label="Example"
        value={example}
        error={read.ok ? undefined : read.sentence}
        onChange={(event) => change(event.currentTarget.value)}
      />
      <Group>
        <Button
          variant="default"
          size="xs"
          disabled={!read.ok || !schema.ok}
          loading={check.isPending}
          onClick={() => check.mutate()}
        >
          Check the example
        </Button>
      </Group>
      {check.isError && <Failure error={check.error} />}
      {check.data && <Verdict verdict={check.data} />}
    </Stack>
  );
}

function Verdict(props: { verdict: Awaited<ReturnType<typeof testSchema>> }) {
  const { valid, faults } = props.verdict;
  if (valid)
    return (
      <Alert color="teal" role="status">
        The example is what the schema describes.
      </Alert>
    );
  return (
    <Alert color="red" role="alert" title="The example is not what the schema describes">
      <Stack gap={4}>
        {faults.map(({ loc, msg }) => (
          <Text size="sm" key={`${loc.join(".")} ${msg}`}>
            <code>{loc.slice(1).join(".") || "the whole"}</code>: {msg}
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}

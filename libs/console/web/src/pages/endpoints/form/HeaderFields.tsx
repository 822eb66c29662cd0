import { Button, Fieldset, Group, Stack, Text, TextInput } from "@mantine/core";
import { TbPlus } from "react-icons/tb";
import type { HeaderRow } from "./form-values";

/** Headers that are sent with every webhook, a row for each. */
export function HeaderFields(props: {
  value: HeaderRow[];
  onChange: (value: HeaderRow[]) => void;
  error?: string;
}) {
  const { value, onChange, error } = props;
  const change = (id: number, changes: Partial<HeaderRow>) =>
    onChange(value.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  const nextId = Math.max(-1, ...value.map(({ id }) => id)) + 1;
  return (
    <Fieldset legend="Custom headers">
      <Stack gap="xs">
        <Text size="sm" c="dimmed">
          Sent with every webhook. They are stored encrypted.
        </Text>
        {value.map((row, place) => (
          <Group key={row.id} gap="xs" align="flex-end" wrap="nowrap">
            <TextInput
              label="Name"
              aria-label={`Name of header ${place + 1}`}
              value={row.name}
              readOnly={row.stored}
              flex={1}
              onChange={(event) => change(row.id, { name: event.currentTarget.value })}
            />
            <TextInput
              label="Value"
              aria-label={`Value of header ${place + 1}`}
              value={row.value}
              placeholder={row.stored ? "Unchanged" : undefined}
              flex={1}
              autoComplete="off"
              onChange={(event) => change(row.id, { value: event.currentTarget.value })}
            />
            <Button
              variant="default"
              aria-label={`Remove header ${row.name || place + 1}`}
              onClick={() => onChange(value.filter(({ id }) => id !== row.id))}
            >
              Remove
            </Button>
          </Group>
        ))}
        {error && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        )}
        <div>
          <Button
            size="xs"
            variant="default"
            leftSection={<TbPlus size={14} aria-hidden />}
            onClick={() => onChange([...value, { id: nextId, name: "", value: "", stored: false }])}
          >
            Add a header
          </Button>
        </div>
      </Stack>
    </Fieldset>
  );
}

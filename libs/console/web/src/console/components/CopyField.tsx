import { Group, TextInput } from "@mantine/core";
import { CopyButton } from "../../components/CopyButton";

/** A value to copy, with a button that does. It is selected once it has the focus. */
export function CopyField(props: { label: string; value: string; description?: string }) {
  const { label, value, description } = props;
  return (
    <Group align="flex-end" wrap="nowrap" gap="xs">
      <TextInput
        label={label}
        description={description}
        value={value}
        readOnly
        style={{ flexGrow: 1 }}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        dir="ltr"
        onFocus={(event) => event.currentTarget.select()}
      />
      <CopyButton text={value} label={label} size="sm" />
    </Group>
  );
}

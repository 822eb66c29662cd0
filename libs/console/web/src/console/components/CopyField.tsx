import { Button, Group, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useRef } from "react";
import { TbCheck, TbCopy } from "react-icons/tb";

/** A value to copy. Where the browser allows no copying, it is selected instead. */
export function CopyField(props: { label: string; value: string; description?: string }) {
  const { label, value, description } = props;
  const field = useRef<HTMLInputElement>(null);
  const clipboard = useClipboard();
  const copy = () => {
    field.current?.select();
    clipboard.copy(value);
  };
  return (
    <Group align="flex-end" wrap="nowrap" gap="xs">
      <TextInput
        ref={field}
        label={label}
        description={description}
        value={value}
        readOnly
        style={{ flexGrow: 1 }}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button
        variant="default"
        leftSection={
          clipboard.copied ? <TbCheck size={16} aria-hidden /> : <TbCopy size={16} aria-hidden />
        }
        onClick={copy}
        style={{ flexShrink: 0 }}
      >
        {clipboard.copied ? "Copied" : "Copy"}
      </Button>
    </Group>
  );
}

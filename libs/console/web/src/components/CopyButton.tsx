import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { TbCheck, TbCopy } from "react-icons/tb";

/** Copies a text. `label` says what is copied, for those who do not see where the button is. */
export function CopyButton(props: { text: string; label: string }) {
  const { copy, copied } = useClipboard();
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={copied ? <TbCheck size={14} aria-hidden /> : <TbCopy size={14} aria-hidden />}
      onClick={() => copy(props.text)}
      aria-label={copied ? `Copied ${props.label}` : `Copy ${props.label}`}
    >
      {copied ? "Copied" : "Copy"}
    </Button>
  );
}

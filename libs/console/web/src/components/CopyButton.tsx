import { Button, type ButtonProps } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { TbCheck, TbCopy } from "react-icons/tb";

/** Copies a text. `label` says what is copied, for those who do not see where the button is. */
export function CopyButton(props: {
  /** The text, or what makes it. */
  text: string | (() => string);
  label: string;
  /** What the button says, if not `Copy`. */
  children?: string;
  size?: ButtonProps["size"];
}) {
  const { text, label, children = "Copy", size = "compact-sm" } = props;
  const { copy, copied, error } = useClipboard();
  // An embedding page has to allow it: `allow="clipboard-write"`.
  if (error) return <span role="status">Copying is not allowed here.</span>;
  return (
    <Button
      size={size}
      flex="none"
      variant="default"
      leftSection={copied ? <TbCheck size={14} aria-hidden /> : <TbCopy size={14} aria-hidden />}
      onClick={() => copy(typeof text === "string" ? text : text())}
      aria-label={copied ? `Copied ${label}` : `Copy ${label}`}
    >
      {copied ? "Copied" : children}
    </Button>
  );
}

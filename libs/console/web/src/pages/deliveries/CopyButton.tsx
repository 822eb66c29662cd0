import { Button } from "@mantine/core";
import { useState } from "react";

const SAID_MS = 2_000;

/** Copies a text, and says so. In an iframe without `allow="clipboard-write"` it says that it cannot. */
export function CopyButton(props: { label: string; text: () => string; visible?: string }) {
  const { label, text, visible = "Copy" } = props;
  const [said, setSaid] = useState<string>();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid("Copied");
    } catch {
      setSaid("Copying is not allowed here");
    }
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={said ?? label}
      onClick={() => void copy()}
    >
      {said ?? visible}
    </Button>
  );
}

import { Button, ButtonGroup, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { hexDump, sizeOf, textOf } from "../../components/bytes";
import { CopyButton } from "../../components/CopyButton";
import classes from "./BodyView.module.css";
import { JsonTree } from "./JsonTree";
import { readJson } from "./json";

const DUMPED_MAX = 16_384;
const RAW_CHARS_MAX = 200_000;

/** A body: as a tree if it is JSON, or as it is. */
export function BodyView(props: {
  /** What it is the body of, for labels. */
  of: string;
  bytes: Uint8Array<ArrayBuffer>;
  contentType?: string;
}) {
  const { of, bytes, contentType } = props;
  const text = textOf(bytes);
  const json = text === undefined ? undefined : readJson(text);
  const [raw, setRaw] = useState(false);
  if (bytes.length === 0)
    return (
      <Text size="sm" c="dimmed">
        The {of} is empty.
      </Text>
    );
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {[contentType, sizeOf(bytes.length)].filter(Boolean).join(", ")}
        </Text>
        <Group gap="xs">
          {json && (
            <ButtonGroup aria-label={`Form of the ${of}`}>
              <Form chosen={!raw} label="Pretty" onChoose={() => setRaw(false)} />
              <Form chosen={raw} label="Raw" onChoose={() => setRaw(true)} />
            </ButtonGroup>
          )}
          {text !== undefined && <CopyButton label={`the ${of}`} text={text} />}
        </Group>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the keyboard. */}
      <section className={classes.content} tabIndex={0} aria-label={capitalized(of)}>
        {json && !raw ? <JsonTree value={json.value} /> : <Raw bytes={bytes} text={text} />}
      </section>
    </Stack>
  );
}

function Form(props: { chosen: boolean; label: string; onChoose: () => void }) {
  const { chosen, label, onChoose } = props;
  return (
    <Button
      size="compact-sm"
      variant={chosen ? "light" : "default"}
      aria-pressed={chosen}
      onClick={onChoose}
    >
      {label}
    </Button>
  );
}

function Raw(props: { bytes: Uint8Array; text?: string }) {
  const { bytes, text } = props;
  if (text === undefined)
    return (
      <>
        <pre dir="ltr">{hexDump(bytes, DUMPED_MAX)}</pre>
        {bytes.length > DUMPED_MAX && <Cut shown={sizeOf(DUMPED_MAX)} of={sizeOf(bytes.length)} />}
      </>
    );
  return (
    <>
      <pre dir="ltr">{text.slice(0, RAW_CHARS_MAX)}</pre>
      {text.length > RAW_CHARS_MAX && (
        <Cut shown={`${RAW_CHARS_MAX.toLocaleString()} characters`} of={sizeOf(bytes.length)} />
      )}
    </>
  );
}

function Cut(props: { shown: string; of: string }) {
  return (
    <Text size="sm" c="dimmed" mt="xs">
      The first {props.shown} of {props.of} are shown.
    </Text>
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

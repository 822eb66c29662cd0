import { Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { readQuarantineBytes } from "../../api/quarantine";
import { bytesOf, hexDump, sizeOf } from "../../components/bytes";
import { Failure } from "../../components/Failure";

const DUMPED_MAX = 32_000;
const TEXT_BYTES_MAX = 100_000;

/** The bytes of an entry, which are read when one asks: they have payloads of customers in them. */
export function EntryBytes(props: { service: string; entryId: string }) {
  const { service, entryId } = props;
  const read = useMutation({ mutationFn: () => readQuarantineBytes(service, entryId) });
  return (
    <Stack gap="xs" component="section" aria-label="Bytes">
      <Title order={2} size="h5">
        Bytes
      </Title>
      {read.data ? (
        <Shown base64={read.data.base64} />
      ) : (
        <Group>
          <Button variant="default" loading={read.isPending} onClick={() => read.mutate()}>
            Read the bytes
          </Button>
          <Text size="sm" c="dimmed">
            They contain payloads of customers. That you read them stands in the audit log.
          </Text>
        </Group>
      )}
      {read.isError && <Failure error={read.error} />}
    </Stack>
  );
}

function Shown(props: { base64: string }) {
  const bytes = useMemo(() => bytesOf(props.base64), [props.base64]);
  const dump = useMemo(() => hexDump(bytes, DUMPED_MAX), [bytes]);
  const text = new TextDecoder().decode(bytes.subarray(0, TEXT_BYTES_MAX));
  const isCut = bytes.length > Math.min(DUMPED_MAX, TEXT_BYTES_MAX);
  return (
    <Stack gap="xs">
      <Title order={3} size="h6">
        Hexadecimal
      </Title>
      <Code
        block
        mah="24rem"
        style={{ overflow: "auto" }}
        dir="ltr"
        tabIndex={0}
        role="region"
        aria-label="Hexadecimal"
      >
        {dump}
      </Code>
      <Title order={3} size="h6">
        Text
      </Title>
      <Code
        block
        mah="24rem"
        style={{ overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
        dir="ltr"
        tabIndex={0}
        role="region"
        aria-label="Text"
      >
        {text}
      </Code>
      {isCut && (
        <Text size="sm" c="dimmed">
          The entry has {sizeOf(bytes.length)}; this is its beginning.
        </Text>
      )}
    </Stack>
  );
}

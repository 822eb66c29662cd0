import { Button, Group, Stack, Switch, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Chosen, type Replayed, replayQuarantine } from "../../api/quarantine";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { Mono } from "../components/Mono";

export interface Replaying {
  chosen: Chosen;
  /** What is replayed, in words. */
  what: string;
}

/** Asks, replays, and shows what became of each entry. */
export function ReplayDialog(props: {
  replaying: Replaying | undefined;
  onClose: () => void;
  onReplayed?: () => void;
}) {
  const { replaying, onClose } = props;
  return (
    <Dialog opened={replaying !== undefined} onClose={onClose} size="lg" title="Replay">
      {replaying && <Replay {...props} replaying={replaying} />}
    </Dialog>
  );
}

function Replay(props: { replaying: Replaying; onClose: () => void; onReplayed?: () => void }) {
  const { replaying, onClose, onReplayed } = props;
  const queries = useQueryClient();
  const [force, setForce] = useState(false);
  const replay = useMutation({
    mutationFn: () => replayQuarantine({ ...replaying.chosen, force }),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["quarantine"] }),
  });
  const close = () => {
    onClose();
    if (replay.isSuccess) onReplayed?.();
  };
  if (replay.isSuccess) return <Outcome replayed={replay.data} onClose={close} />;
  return (
    <Stack>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        Put {replaying.what} back? Deliveries that were made in the meantime are not repeated.
      </Text>
      <Switch
        label="Put unreadable entries back, too, unchanged"
        checked={force}
        onChange={(event) => setForce(event.currentTarget.checked)}
      />
      {replay.isError && <Failure error={replay.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={replay.isPending} onClick={() => replay.mutate()}>
          Replay
        </Button>
      </Group>
    </Stack>
  );
}

function Outcome(props: { replayed: Replayed; onClose: () => void }) {
  const { batches, entries } = props.replayed;
  return (
    <Stack>
      <Text size="sm" role="status">
        Batches that are published again: {batches}. Entries: {entries.length}.
      </Text>
      {entries.length > 0 && (
        <Table aria-label="What became of each entry">
          <Table.Tbody>
            {entries.map(({ id, detail }) => (
              <Table.Tr key={id}>
                <Table.Th scope="row">
                  <Mono>{id}</Mono>
                </Table.Th>
                <Table.Td>{detail}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Group justify="flex-end">
        <Button onClick={props.onClose}>Done</Button>
      </Group>
    </Stack>
  );
}

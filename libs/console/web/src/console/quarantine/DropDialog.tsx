import { Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type Chosen, dropQuarantine } from "../../api/quarantine";
import { ConfirmDialog } from "../components/ConfirmDialog";

/** Asks, and drops entries. */
export function DropDialog(props: {
  opened: boolean;
  chosen: Chosen;
  what: string;
  onClose: () => void;
  onDropped?: () => void;
}) {
  const { opened, chosen, what, onClose, onDropped } = props;
  const queries = useQueryClient();
  return (
    <ConfirmDialog
      opened={opened}
      title={`Drop ${what}?`}
      verb="Drop"
      act={() => dropQuarantine(chosen)}
      onDone={() => {
        onDropped?.();
        void queries.invalidateQueries({ queryKey: ["quarantine", "entries"] });
      }}
      onClose={onClose}
    >
      <Text size="sm">
        The bytes are deleted and cannot be brought back. Accepted messages stay: their batches are
        open, set aside, or delivered already.
      </Text>
    </ConfirmDialog>
  );
}

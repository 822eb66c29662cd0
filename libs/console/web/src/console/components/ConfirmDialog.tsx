import { Button, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";

/** Asks before something is done that cannot be taken back, does it, and says if that failed. */
export function ConfirmDialog(props: {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** The word of the button that does it. */
  verb: string;
  color?: string;
  act: () => Promise<unknown>;
  onDone?: () => void;
  onClose: () => void;
}) {
  const { opened, title, children, verb, color = "red", act, onDone, onClose } = props;
  const acting = useMutation({
    mutationFn: act,
    onSuccess: () => {
      close();
      onDone?.();
    },
  });
  const close = () => {
    acting.reset();
    onClose();
  };
  return (
    <Dialog opened={opened} onClose={close} title={title}>
      <Stack>
        {children}
        {acting.isError && <Failure error={acting.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button color={color} loading={acting.isPending} onClick={() => acting.mutate()}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

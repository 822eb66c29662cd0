import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type Endpoint, endpointSecret, rotateSecret } from "../../../api/endpoints";
import { Dialog } from "../../../components/Dialog";
import { Failure } from "../../../components/Failure";
import { useApplication } from "../../application";
import { newPrivateKey } from "../form/form-values";

const OVERLAPS = [
  { value: "86400", label: "1 day" },
  { value: "3600", label: "1 hour" },
  { value: "604800", label: "7 days" },
  { value: "0", label: "None: the old secret ends now" },
];

/** Gives an endpoint a new signing key of the same kind, and explains the overlap. */
export default function RotateDialog(props: {
  endpoint: Endpoint;
  onClose: () => void;
  onRotated: () => void;
}) {
  const { endpoint, onClose, onRotated } = props;
  const { appId } = useApplication();
  const [overlap, setOverlap] = useState(OVERLAPS[0]?.value ?? "");
  const rotate = useMutation({
    mutationFn: async () => {
      const current = await endpointSecret(appId, endpoint.id);
      const key = current.startsWith("whpk_") ? newPrivateKey() : null;
      await rotateSecret(appId, endpoint.id, { key, gracePeriodSeconds: Number(overlap) });
    },
    onSuccess: () => {
      onRotated();
      onClose();
    },
  });
  return (
    <Dialog title="Rotate the signing key?" onClose={onClose}>
      <Stack>
        <Text size="sm">
          A new key is made. During the overlap every webhook is signed with both the old key and
          the new one, so that receivers accept it with either.
        </Text>
        <Text size="sm">
          Give your receivers the new key before the overlap ends. After that, webhooks are signed
          with the new key only.
        </Text>
        <NativeSelect
          label="Overlap"
          data={OVERLAPS}
          value={overlap}
          onChange={(event) => setOverlap(event.currentTarget.value)}
        />
        {rotate.isError && <Failure error={rotate.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={rotate.isPending} onClick={() => rotate.mutate()}>
            Rotate key
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

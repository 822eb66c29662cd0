import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  type OperationalEndpoint,
  readOperationalSecret,
  rotateOperationalSecret,
} from "../../api/operational-webhooks";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { CopyField } from "../components/CopyField";

const OVERLAPS = [
  { value: "0", label: "None: the former secret ends at once" },
  { value: "3600", label: "1 hour" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
];

/** The signing secret of an endpoint, and its rotation. */
export function SecretDialog(props: {
  endpoint: OperationalEndpoint | undefined;
  onClose: () => void;
}) {
  const { endpoint, onClose } = props;
  return (
    <Dialog opened={endpoint !== undefined} onClose={onClose} title="Signing secret">
      {endpoint && <Secret endpointId={endpoint.id} />}
    </Dialog>
  );
}

function Secret(props: { endpointId: string }) {
  const { endpointId } = props;
  const secret = useQuery({
    queryKey: ["operational-secret", endpointId],
    queryFn: () => readOperationalSecret(endpointId),
    gcTime: 0,
    staleTime: 0,
  });
  const [overlap, setOverlap] = useState("86400");
  const rotation = useMutation({
    mutationFn: () => rotateOperationalSecret(endpointId, Number(overlap)),
    onSuccess: () => secret.refetch(),
  });
  return (
    <Stack>
      <Loaded query={secret} lines={1}>
        {(key) => <CopyField label="Secret" value={key} />}
      </Loaded>
      <Text size="sm">
        Verify each webhook with it. After a rotation, webhooks have a signature of the new secret
        and, during the overlap, one of the former, so that you can change it in your code in time.
      </Text>
      <NativeSelect
        label="Overlap"
        data={OVERLAPS}
        value={overlap}
        onChange={(event) => setOverlap(event.currentTarget.value)}
      />
      {rotation.isError && <Failure error={rotation.error} />}
      <Group justify="flex-end">
        <Text size="sm" c="dimmed" role="status">
          {rotation.isSuccess && "The secret is rotated."}
        </Text>
        <Button variant="default" loading={rotation.isPending} onClick={() => rotation.mutate()}>
          Rotate the secret
        </Button>
      </Group>
    </Stack>
  );
}

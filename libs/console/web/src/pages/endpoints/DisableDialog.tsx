import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { changeEndpoint, deliveryState, type Endpoint, endpointsKey } from "../../api/endpoints";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { useApplication } from "../application";
import { kindOf } from "./endpoint-kind";
import { cancelledWords } from "./pending-words";

/** Asks before an endpoint is disabled: what waits for it is cancelled. */
export default function DisableDialog(props: { endpoint: Endpoint; onClose: () => void }) {
  const { endpoint, onClose } = props;
  const { appId } = useApplication();
  const queries = useQueryClient();
  const isPolled = kindOf(endpoint.url) === "poller";
  const state = useQuery({ ...deliveryState(appId, endpoint.id), enabled: !isPolled });
  const disable = useMutation({
    mutationFn: () => changeEndpoint(appId, endpoint.id, { disabled: true }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: endpointsKey(appId) });
      onClose();
    },
  });
  return (
    <Dialog title="Disable the endpoint?" onClose={onClose}>
      <Stack>
        <Text size="sm">
          {endpoint.whileDisabled === "keep"
            ? "New messages are kept, and delivered when it is enabled again."
            : "It does not receive the messages that are posted while it is disabled."}
        </Text>
        {!isPolled && (
          <Text size="sm">
            {cancelledWords(state.data)} After it is enabled again, Recover delivers them.
          </Text>
        )}
        {disable.isError && <Failure error={disable.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={disable.isPending} onClick={() => disable.mutate()}>
            Disable endpoint
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

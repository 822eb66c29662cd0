import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { deleteEndpoint, deliveryState, type Endpoint, endpointsKey } from "../../api/endpoints";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { useApplication } from "../application";
import { kindOf } from "./endpoint-kind";
import { cancelledWords } from "./pending-words";

/** Asks before an endpoint is deleted, and says what happens to its deliveries. */
export default function DeleteDialog(props: { endpoint: Endpoint; onClose: () => void }) {
  const { endpoint, onClose } = props;
  const { appId, path } = useApplication();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const isPolled = kindOf(endpoint.url) === "poller";
  const state = useQuery({ ...deliveryState(appId, endpoint.id), enabled: !isPolled });
  const remove = useMutation({
    mutationFn: () => deleteEndpoint(appId, endpoint.id),
    onSuccess: async () => {
      await navigate({ to: `${path}/endpoints` });
      queries.removeQueries({ queryKey: endpointsKey(appId, endpoint.id) });
      await queries.invalidateQueries({ queryKey: endpointsKey(appId) });
    },
  });
  return (
    <Dialog title="Delete the endpoint?" onClose={onClose}>
      <Stack>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {endpoint.url} and its signing secret are deleted for good.
        </Text>
        <Text size="sm">
          {isPolled
            ? "Messages that have not been fetched can no longer be polled."
            : `${cancelledWords(state.data)} A request that is under way is completed.`}
        </Text>
        <Text size="sm">Messages and the record of past attempts stay.</Text>
        {remove.isError && <Failure error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete endpoint
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

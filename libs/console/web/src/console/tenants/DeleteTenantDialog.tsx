import { Button, Group, List, Stack, Text, TextInput } from "@mantine/core";
import "@mantine/core/styles/List.css";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteTenant, type Tenant } from "../../api/tenants";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";

/** Deletes a tenant, once its name is written. */
export function DeleteTenantDialog(props: { tenant: Tenant | undefined; onClose: () => void }) {
  const { tenant, onClose } = props;
  return (
    <Dialog opened={tenant !== undefined} onClose={onClose} title="Delete the tenant?">
      {tenant && <Deletion tenant={tenant} onClose={onClose} />}
    </Dialog>
  );
}

function Deletion(props: { tenant: Tenant; onClose: () => void }) {
  const { tenant, onClose } = props;
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const deletion = useMutation({
    mutationFn: () => deleteTenant(tenant.id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenants"] });
      onClose();
    },
  });
  return (
    <Stack>
      <List size="sm" spacing="xs">
        <List.Item>All its API keys and portal links are refused within a second.</List.Item>
        <List.Item>
          Its applications, endpoints and event types are deleted within a minute. What is pending
          for them is canceled.
        </List.Item>
        <List.Item>
          Its messages, attempts, keys and audit log are erased in the background.
        </List.Item>
      </List>
      <Text size="sm">This cannot be undone. Write the name of the tenant to go on:</Text>
      <TextInput
        label={tenant.name}
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {deletion.isError && <Failure error={deletion.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          color="red"
          disabled={typed !== tenant.name}
          loading={deletion.isPending}
          onClick={() => deletion.mutate()}
        >
          Delete the tenant
        </Button>
      </Group>
    </Stack>
  );
}

import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { createTenantKey, type Tenant } from "../../api/tenants";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { CopyField } from "../components/CopyField";

/** Creates a key with which the tenant creates its others. */
export function TenantKeyDialog(props: { tenant: Tenant | undefined; onClose: () => void }) {
  const { tenant, onClose } = props;
  return (
    <Dialog
      opened={tenant !== undefined}
      onClose={onClose}
      closeOnClickOutside={false}
      title={`API key of ${tenant?.name ?? ""}`}
    >
      {tenant && <TenantKey tenant={tenant} onClose={onClose} />}
    </Dialog>
  );
}

function TenantKey(props: { tenant: Tenant; onClose: () => void }) {
  const { tenant, onClose } = props;
  const creation = useMutation({
    mutationFn: () => createTenantKey(tenant.id, { name: "first key", scope: "admin" }),
    gcTime: 0,
  });
  return (
    <Stack>
      {creation.data ? (
        <CopyField label="API key" value={creation.data.token} />
      ) : (
        <Text size="sm">
          A key of the scope admin, with which the tenant creates its other keys. It is shown only
          once.
        </Text>
      )}
      {creation.isError && <Failure error={creation.error} />}
      <Group justify="flex-end">
        {creation.data ? (
          <Button onClick={onClose}>Done</Button>
        ) : (
          <>
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button loading={creation.isPending} onClick={() => creation.mutate()}>
              Create the key
            </Button>
          </>
        )}
      </Group>
    </Stack>
  );
}

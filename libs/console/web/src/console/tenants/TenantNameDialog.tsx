import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { changeTenant, createTenant, type Tenant } from "../../api/tenants";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { useFormChange } from "../use-change";

/** Creates a tenant, or renames one. */
export function TenantNameDialog(props: {
  opened: boolean;
  tenant: Tenant | undefined;
  onClose: () => void;
}) {
  const { opened, tenant, onClose } = props;
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title={tenant ? "Rename the tenant" : "Create a tenant"}
    >
      <NameForm tenant={tenant} onClose={onClose} />
    </Dialog>
  );
}

function NameForm(props: { tenant: Tenant | undefined; onClose: () => void }) {
  const { tenant, onClose } = props;
  const form = useForm({
    initialValues: { name: tenant?.name ?? "" },
    validate: { name: (name) => (name.trim() === "" ? "Write a name." : null) },
  });
  const { change, unplaced } = useFormChange(
    form,
    ({ name }) => (tenant ? changeTenant(tenant.id, { name }) : createTenant(name)),
    { refreshes: "tenants", onDone: onClose },
  );
  return (
    <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        {unplaced && <Failure error={unplaced} />}
        <TextInput
          label="Name"
          description="For operators; each tenant has another."
          required
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            {tenant ? "Rename" : "Create"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

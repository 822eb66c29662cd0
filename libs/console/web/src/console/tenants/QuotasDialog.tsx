import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { changeTenant, type Tenant } from "../../api/tenants";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { rateFault, rateOf } from "../rates";
import { useFormChange } from "../use-change";

const QUOTAS = {
  requestsPerMinute: "Requests per minute",
  messagesPerMinute: "Messages per minute",
  payloadBytesPerMinute: "Bytes of payloads per minute",
  applicationsMax: "Applications",
  endpointsMax: "Endpoints of all applications together",
} as const;
type Quota = keyof typeof QUOTAS;
const NAMES = Object.keys(QUOTAS) as Quota[];

/** The most that a tenant may use. */
export function QuotasDialog(props: { tenant: Tenant | undefined; onClose: () => void }) {
  const { tenant, onClose } = props;
  return (
    <Dialog opened={tenant !== undefined} onClose={onClose} title="Quotas of the tenant">
      {tenant && <QuotasForm tenant={tenant} onClose={onClose} />}
    </Dialog>
  );
}

function QuotasForm(props: { tenant: Tenant; onClose: () => void }) {
  const { tenant, onClose } = props;
  const initial = (name: Quota) => [name, tenant.quotas[name]?.toString() ?? ""];
  const form = useForm({
    initialValues: Object.fromEntries(NAMES.map(initial)) as Record<Quota, string>,
    validate: Object.fromEntries(NAMES.map((name) => [name, rateFault])),
  });
  const { change, unplaced } = useFormChange(
    form,
    (values) =>
      changeTenant(tenant.id, {
        quotas: Object.fromEntries(NAMES.map((name) => [name, rateOf(values[name])])),
      }),
    { refreshes: "tenants", onDone: onClose },
  );
  return (
    <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        {unplaced && <Failure error={unplaced} />}
        {NAMES.map((name) => (
          <TextInput
            key={name}
            label={QUOTAS[name]}
            placeholder="No limit"
            inputMode="numeric"
            {...form.getInputProps(name)}
          />
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

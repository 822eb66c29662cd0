import { Button, Checkbox, Group, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import {
  createOperationalEndpoint,
  type OperationalEndpoint,
  replaceOperationalEndpoint,
} from "../../api/operational-webhooks";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { useFormChange } from "../use-change";
import { OPERATIONAL_TYPES } from "./event-types";

interface Values extends Record<string, unknown> {
  url: string;
  description: string;
  disabled: boolean;
  eventTypes: string[];
}

/** Adds an endpoint of operational webhooks, or changes one. */
export function EndpointDialog(props: {
  opened: boolean;
  endpoint: OperationalEndpoint | undefined;
  onClose: () => void;
}) {
  const { opened, endpoint, onClose } = props;
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title={endpoint ? "Edit the endpoint" : "Add an endpoint"}
    >
      <EndpointFields endpoint={endpoint} onClose={onClose} />
    </Dialog>
  );
}

function EndpointFields(props: { endpoint: OperationalEndpoint | undefined; onClose: () => void }) {
  const { endpoint, onClose } = props;
  const form = useForm<Values>({
    initialValues: {
      url: endpoint?.url ?? "",
      description: endpoint?.description ?? "",
      disabled: endpoint?.disabled ?? false,
      eventTypes: endpoint?.eventTypes ?? [],
    },
  });
  const { change, unplaced } = useFormChange(form, (values) => save(endpoint, values), {
    refreshes: "operational-webhooks",
    onDone: onClose,
  });
  return (
    <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        {unplaced && <Failure error={unplaced} />}
        <TextInput
          type="url"
          label="URL"
          required
          data-autofocus
          placeholder="https://example.com/operations"
          {...form.getInputProps("url")}
        />
        <TextInput label="Description" {...form.getInputProps("description")} />
        <Checkbox.Group
          label="Events"
          description="None chosen: all of them."
          {...form.getInputProps("eventTypes")}
        >
          <Stack gap="xs" mt="xs">
            {Object.entries(OPERATIONAL_TYPES).map(([name, meaning]) => (
              <Checkbox key={name} value={name} label={name} description={meaning} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Switch label="Disabled" {...form.getInputProps("disabled", { type: "checkbox" })} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            {endpoint ? "Save" : "Add"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function save(
  endpoint: OperationalEndpoint | undefined,
  values: Values,
): Promise<OperationalEndpoint> {
  const { url, description, disabled, eventTypes } = values;
  const body = {
    url,
    description,
    disabled,
    eventTypes: eventTypes.length > 0 ? eventTypes : null,
  };
  if (endpoint === undefined) return createOperationalEndpoint(body);
  const { uid, metadata, throttleRate } = endpoint;
  return replaceOperationalEndpoint(endpoint.id, { ...body, uid, metadata, throttleRate });
}

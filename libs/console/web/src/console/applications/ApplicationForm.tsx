import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { type Application, changeApplication, createApplication } from "../../api/applications";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { JsonField } from "../../components/JsonField";
import { prettyJson, textsFault } from "../../components/json";
import { useFormChange } from "../use-change";

/** Creates an application, or changes one. */
export function ApplicationForm(props: {
  opened: boolean;
  application?: Application;
  onClose: () => void;
  onSaved?: (saved: Application) => void;
}) {
  const { opened, application, onClose } = props;
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title={application ? "Edit the application" : "Create an application"}
    >
      <Fields {...props} />
    </Dialog>
  );
}

function Fields(props: {
  application?: Application;
  onClose: () => void;
  onSaved?: (saved: Application) => void;
}) {
  const { application, onClose, onSaved } = props;
  const form = useForm({
    initialValues: {
      name: application?.name ?? "",
      uid: application?.uid ?? "",
      throttleRate: application?.throttleRate?.toString() ?? "",
      metadata: prettyJson(application?.metadata ?? {}),
    },
    validate: {
      name: (name) => (name.trim() === "" ? "Write a name." : null),
      throttleRate: (rate) =>
        rate === "" || /^[1-9]\d{0,8}$/.test(rate) ? null : "Write a whole number, or nothing.",
      metadata: textsFault,
    },
  });
  const { change, unplaced } = useFormChange(form, (values) => save(application, values), {
    refreshes: "applications",
    onDone: (saved) => {
      onClose();
      onSaved?.(saved);
    },
  });
  return (
    <form noValidate onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        {unplaced && <Failure error={unplaced} />}
        <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
        <TextInput
          label="Uid"
          description="Your own id for it, such as that of the customer. Usable wherever an id is."
          {...form.getInputProps("uid")}
        />
        <TextInput
          label="Messages per second"
          description="How many webhooks its endpoints get at most, together. Empty: no limit."
          inputMode="numeric"
          {...form.getInputProps("throttleRate")}
        />
        <JsonField
          label="Metadata"
          description="A JSON object of your own texts."
          minRows={3}
          {...form.getInputProps("metadata")}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            {application ? "Save" : "Create"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface Values {
  name: string;
  uid: string;
  throttleRate: string;
  metadata: string;
}

function save(application: Application | undefined, values: Values): Promise<Application> {
  const body = {
    name: values.name,
    uid: values.uid === "" ? null : values.uid,
    throttleRate: values.throttleRate === "" ? null : Number(values.throttleRate),
    metadata: JSON.parse(values.metadata) as Record<string, string>,
  };
  return application ? changeApplication(application.id, body) : createApplication(body);
}

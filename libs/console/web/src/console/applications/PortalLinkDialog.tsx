import { Button, Group, NativeSelect, Stack, Switch, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { createPortalLink } from "../../api/applications";
import { Dialog } from "../../components/Dialog";
import { Failure } from "../../components/Failure";
import { CopyField } from "../components/CopyField";

const LIFETIMES = [
  { value: "3600", label: "1 hour" },
  { value: "28800", label: "8 hours" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
];

/** Makes a link to the portal of an application, to copy or to open. */
export function PortalLinkDialog(props: { opened: boolean; appId: string; onClose: () => void }) {
  const { opened, appId, onClose } = props;
  return (
    <Dialog opened={opened} onClose={onClose} title="Portal link">
      <LinkForm appId={appId} />
    </Dialog>
  );
}

function LinkForm(props: { appId: string }) {
  const form = useForm({ initialValues: { expiry: "28800", readOnly: false } });
  const link = useMutation({
    mutationFn: ({ expiry, readOnly }: { expiry: string; readOnly: boolean }) =>
      createPortalLink(props.appId, { expiry: Number(expiry), readOnly }),
  });
  if (link.data) return <MadeLink url={link.data.url} />;
  return (
    <form noValidate onSubmit={form.onSubmit((values) => link.mutate(values))}>
      <Stack>
        <Text size="sm">
          Whoever has the link uses the portal as this customer, without signing in.
        </Text>
        {link.isError && <Failure error={link.error} />}
        <NativeSelect label="Valid for" data={LIFETIMES} {...form.getInputProps("expiry")} />
        <Switch
          label="Read only: nothing can be changed"
          {...form.getInputProps("readOnly", { type: "checkbox" })}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={link.isPending}>
            Create the link
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function MadeLink(props: { url: string }) {
  return (
    <Stack>
      <CopyField
        label="Link"
        value={props.url}
        description="It is shown here only. Send it to no one but the customer."
      />
      <Group justify="flex-end">
        <Button component="a" href={props.url} target="_blank" rel="noopener noreferrer">
          Open the portal
        </Button>
      </Group>
    </Stack>
  );
}

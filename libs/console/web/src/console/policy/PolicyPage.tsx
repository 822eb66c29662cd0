import { Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { replaceTenantPolicy, type TenantPolicy, tenantPolicy } from "../../api/tenant-policy";
import { Failure } from "../../components/Failure";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { useMay } from "../permissions";
import { scheduleFault, scheduleOf, scheduleText } from "../retry-schedule";
import { useFormChange } from "../use-change";

/** What holds for all applications of the tenant. */
export function PolicyPage() {
  const policy = useQuery(tenantPolicy);
  return (
    <Page
      title="Policy"
      description="Holds for all applications, where an endpoint or an event type has no setting of its own."
    >
      <Loaded query={policy}>{(found) => <PolicyForm policy={found} />}</Loaded>
    </Page>
  );
}

function PolicyForm(props: { policy: TenantPolicy }) {
  const { policy } = props;
  const readOnly = !useMay()("manage_tenant");
  const [saved, setSaved] = useState(false);
  const form = useForm({
    initialValues: {
      retrySchedule: scheduleText(policy.retrySchedule),
      retentionDays: policy.retentionDays?.toString() ?? "",
      signatureHeaders: policy.signatureHeaders ?? "",
      requireEventTypes: policy.requireEventTypes?.toString() ?? "",
      validateSchemas: policy.validateSchemas as string,
    },
    validate: {
      retrySchedule: scheduleFault,
      retentionDays: (days) =>
        /^([1-9]\d{0,3})?$/.test(days) ? null : "Write a whole number of days, or nothing.",
    },
  });
  const { change, unplaced } = useFormChange(
    form,
    (values) => replaceTenantPolicy(bodyOf(values)),
    {
      refreshes: "tenant-policy",
      onDone: () => setSaved(true),
    },
  );
  return (
    <form
      noValidate
      onSubmit={form.onSubmit((values) => change.mutate(values))}
      onChange={() => setSaved(false)}
    >
      <Stack maw="36rem">
        {unplaced && <Failure error={unplaced} />}
        <TextInput
          label="Retry schedule"
          description="Seconds between attempts, separated by commas, or none. Empty: the platform's."
          readOnly={readOnly}
          {...form.getInputProps("retrySchedule")}
        />
        <TextInput
          label="Keep messages and attempts"
          description="Days, at most as long as the platform keeps them. Empty: the platform's."
          inputMode="numeric"
          readOnly={readOnly}
          {...form.getInputProps("retentionDays")}
        />
        <NativeSelect
          label="Headers of signatures"
          disabled={readOnly}
          data={[
            { value: "", label: "The platform's" },
            { value: "webhook", label: "webhook-id, webhook-timestamp, webhook-signature" },
            { value: "svix", label: "svix-id, svix-timestamp, svix-signature" },
            { value: "both", label: "Both" },
          ]}
          {...form.getInputProps("signatureHeaders")}
        />
        <NativeSelect
          label="Event types of new messages"
          disabled={readOnly}
          data={[
            { value: "", label: "The platform's" },
            { value: "true", label: "Must exist" },
            { value: "false", label: "Any" },
          ]}
          {...form.getInputProps("requireEventTypes")}
        />
        <NativeSelect
          label="Payloads that their schema does not allow"
          disabled={readOnly}
          data={[
            { value: "off", label: "Accept them, without a check" },
            { value: "warn", label: "Accept them, and warn" },
            { value: "enforce", label: "Refuse them" },
          ]}
          {...form.getInputProps("validateSchemas")}
        />
        {!readOnly && (
          <Group justify="flex-end">
            <Text size="sm" c="dimmed" role="status">
              {saved && "Saved."}
            </Text>
            <Button type="submit" loading={change.isPending}>
              Save
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

type Body = Parameters<typeof replaceTenantPolicy>[0];

function bodyOf(values: {
  retrySchedule: string;
  retentionDays: string;
  signatureHeaders: string;
  requireEventTypes: string;
  validateSchemas: string;
}): Body {
  const { retrySchedule, retentionDays, signatureHeaders, requireEventTypes } = values;
  return {
    retrySchedule: scheduleOf(retrySchedule),
    retentionDays: retentionDays === "" ? null : Number(retentionDays),
    signatureHeaders: (signatureHeaders || null) as Body["signatureHeaders"],
    requireEventTypes: requireEventTypes === "" ? null : requireEventTypes === "true",
    validateSchemas: values.validateSchemas as Body["validateSchemas"],
  };
}

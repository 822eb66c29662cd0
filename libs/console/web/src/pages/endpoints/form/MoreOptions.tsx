import { Checkbox, NativeSelect, NumberInput, Stack, Textarea, TextInput } from "@mantine/core";
import { JsonField } from "../../../components/JsonField";
import { AuthenticationFields } from "./AuthenticationFields";
import { bound, type EndpointForm } from "./endpoint-form";

/** Options that few endpoints need. Those about sending are left out where nothing is sent. */
export function MoreOptions(props: { form: EndpointForm; isNew: boolean }) {
  const { form, isNew } = props;
  const isPolled = form.values.kind === "poller";
  return (
    <Stack gap="md">
      <NativeSelect
        label="Order"
        data={[
          { value: "none", label: "As fast as possible, in no order" },
          { value: "fifo", label: "Strictly in order, one at a time" },
        ]}
        description="In order, a message that fails holds up those after it until it is delivered or given up."
        {...form.getInputProps("ordering")}
      />
      {!isPolled && <SendingOptions form={form} isNew={isNew} />}
      <NativeSelect
        label="While the endpoint is disabled"
        data={[
          { value: "drop", label: "New messages are not delivered" },
          { value: "keep", label: "New messages are kept, and delivered when it is enabled" },
        ]}
        {...form.getInputProps("whileDisabled")}
      />
      <TextInput
        label="Filter"
        description="A CEL expression that is true for the messages to receive."
        placeholder='payload.amount > 1000 && eventType == "invoice.paid"'
        {...form.getInputProps("filter")}
      />
      <TextInput
        label="UID"
        description="A name of your own for the endpoint, which the API takes in place of its id."
        {...form.getInputProps("uid")}
      />
      <JsonField
        label="Metadata"
        description="A JSON object of your own texts, which the API returns with the endpoint."
        minRows={3}
        {...form.getInputProps("metadata")}
      />
    </Stack>
  );
}

function SendingOptions(props: { form: EndpointForm; isNew: boolean }) {
  const { form, isNew } = props;
  const { values } = form;
  const stored = isNew ? undefined : "Unchanged";
  return (
    <>
      <NumberInput
        label="Requests at the same time"
        description="The largest number; empty for no limit."
        min={1}
        max={1000}
        allowDecimal={false}
        {...form.getInputProps("concurrency")}
      />
      <NumberInput
        label="Time limit of an attempt, in seconds"
        description="Empty for the platform's own."
        min={1}
        max={30}
        allowDecimal={false}
        {...form.getInputProps("timeoutSeconds")}
      />
      <Checkbox
        label="Retry schedule of its own"
        {...form.getInputProps("ownSchedule", { type: "checkbox" })}
      />
      {values.ownSchedule && (
        <TextInput
          label="Seconds before each retry"
          description="For example 5, 300, 1800. Empty for no retries."
          {...form.getInputProps("retrySchedule")}
        />
      )}
      <PayloadOptions form={form} />
      <AuthenticationFields {...bound(form, "authentication")} />
      <Checkbox
        label="Ask the receiver's permission first"
        description="Sends OPTIONS before the first delivery, as the CloudEvents specification describes it."
        {...form.getInputProps("handshake", { type: "checkbox" })}
      />
      <Checkbox
        label="The receiver may stop deliveries"
        description="Its answers may disable the endpoint or end the retries of a message, with the header webhook-delivery."
        {...form.getInputProps("receiverControl", { type: "checkbox" })}
      />
      <TextInput
        label="Proxy"
        description="Sends through this proxy: http:// or socks5://, with user name and password if it needs them."
        placeholder={stored}
        {...form.getInputProps("proxyUrl")}
      />
      <Textarea
        label="Client certificate"
        description="For mutual TLS, in PEM: certificate, issuers and the unencrypted private key."
        placeholder={stored}
        autosize
        minRows={2}
        maxRows={10}
        {...form.getInputProps("clientCertificate")}
      />
      <Textarea
        label="CA certificates"
        description="In PEM. The certificate of the receiver is verified with these, and not with those of the system."
        placeholder={stored}
        autosize
        minRows={2}
        maxRows={10}
        {...form.getInputProps("caCertificates")}
      />
    </>
  );
}

function PayloadOptions(props: { form: EndpointForm }) {
  const { form } = props;
  const format = form.values.payloadFormat;
  return (
    <>
      <NativeSelect
        label="Format of the payload"
        data={[
          { value: "plain", label: "Plain: the payload as it was posted" },
          { value: "envelope", label: "Envelope: type, id, timestamp and data" },
          { value: "thin", label: "Thin: a link to fetch the payload" },
          { value: "cloudevents-structured", label: "CloudEvents, structured" },
          { value: "cloudevents-binary", label: "CloudEvents, binary" },
        ]}
        {...form.getInputProps("payloadFormat")}
      />
      {format === "plain" && (
        <TextInput
          label="Content type"
          placeholder="application/json"
          {...form.getInputProps("contentType")}
        />
      )}
      {format.startsWith("cloudevents") && (
        <TextInput
          label="Source of the events"
          description="A URI that names where the events come from."
          {...form.getInputProps("eventSource")}
        />
      )}
      <NativeSelect
        label="Names of the signature headers"
        data={[
          { value: "webhook", label: "webhook-id, webhook-timestamp, webhook-signature" },
          { value: "svix", label: "svix-id, svix-timestamp, svix-signature" },
          { value: "both", label: "Both" },
        ]}
        {...form.getInputProps("signatureHeaders")}
      />
    </>
  );
}

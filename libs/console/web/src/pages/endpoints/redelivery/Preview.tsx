import { Alert, Checkbox, Stack, Text } from "@mantine/core";
import type { RedeliveryPreview } from "../../../api/redelivery";
import { When } from "../../../components/When";

/** What a recovery or replay would send: how many, of which events, how many were delivered. */
export function Preview(props: {
  preview: RedeliveryPreview;
  /** Of all messages, whatever is chosen. */
  eventTypes: RedeliveryPreview["eventTypes"];
  /** Event types that are replayed; none: all. */
  chosen: string[];
  /** Absent, if it cannot be narrowed down. */
  onChosen?: (chosen: string[]) => void;
}) {
  const { preview, eventTypes, chosen, onChosen } = props;
  if (preview.messages === 0)
    return (
      <Alert color="gray" role="status" title="There is nothing to send">
        {expungedWords(preview.expunged)}
      </Alert>
    );
  return (
    <Alert color="blue" role="status" title={messagesWords(preview)}>
      <Stack gap="xs">
        <Text size="sm">{deliveredWords(preview)}</Text>
        {preview.expunged > 0 && <Text size="sm">{expungedWords(preview.expunged)}</Text>}
        {preview.oldest && preview.newest && (
          <Text size="sm">
            The oldest is from <When at={preview.oldest} />, the newest from{" "}
            <When at={preview.newest} />.
          </Text>
        )}
        {eventTypes.map(({ eventType, messages }) =>
          onChosen ? (
            <Checkbox
              key={eventType}
              size="xs"
              label={`${eventType}: ${messages.toLocaleString()}`}
              checked={chosen.length === 0 || chosen.includes(eventType)}
              onChange={() => onChosen(toggled(eventTypes, chosen, eventType))}
            />
          ) : (
            <Text key={eventType} size="sm">
              {eventType}: {messages.toLocaleString()}
            </Text>
          ),
        )}
      </Stack>
    </Alert>
  );
}

/** What is chosen after a click; all or none of them means no restriction. */
function toggled(
  eventTypes: RedeliveryPreview["eventTypes"],
  chosen: string[],
  name: string,
): string[] {
  const before = chosen.length === 0 ? eventTypes.map((one) => one.eventType) : chosen;
  return before.includes(name) ? before.filter((one) => one !== name) : [...before, name];
}

function messagesWords({ messages, complete }: RedeliveryPreview): string {
  const count = messages.toLocaleString();
  if (!complete) return `At least ${count} messages would be sent`;
  return messages === 1 ? "1 message would be sent" : `${count} messages would be sent`;
}

function deliveredWords({ delivered, pending }: RedeliveryPreview): string {
  const before =
    delivered === 0
      ? "None of them was delivered before."
      : `${delivered.toLocaleString()} of them ${delivered === 1 ? "was" : "were"} delivered before: the receiver gets ${delivered === 1 ? "it" : "them"} again.`;
  return pending === 0 ? before : `${before} ${pending.toLocaleString()} are still being retried.`;
}

function expungedWords(expunged: number): string {
  if (expunged === 0) return "No message of this time matches.";
  return expunged === 1
    ? "1 message is left out, because its content was deleted."
    : `${expunged.toLocaleString()} messages are left out, because their content was deleted.`;
}

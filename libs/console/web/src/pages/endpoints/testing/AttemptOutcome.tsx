import { Group, Text } from "@mantine/core";
import type { Attempt } from "../../../api/redelivery";
import { StatusBadge } from "../../../components/StatusBadge";
import { outcomeWords } from "./outcome-words";

/** How an attempt ended. */
export function AttemptOutcome(props: { attempt: Attempt }) {
  const { color, word, reason } = outcomeWords(props.attempt);
  return (
    <Group gap="xs">
      <StatusBadge color={color}>{word}</StatusBadge>
      {reason && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {reason}
        </Text>
      )}
    </Group>
  );
}

import { Stack, Text } from "@mantine/core";
import type { DeliveryState, Endpoint } from "../../api/endpoints";
import { StatusBadge } from "../../components/StatusBadge";
import { statusWords } from "./endpoint-status";

/** The state of an endpoint as a badge and, if there is one, the reason. */
export function EndpointStatus(props: { endpoint: Endpoint; state?: DeliveryState }) {
  const { color, word, reason } = statusWords(props.endpoint, props.state, new Date());
  return (
    <Stack gap={4} align="flex-start" maw={420}>
      <StatusBadge color={color}>{word}</StatusBadge>
      {reason && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {reason}
        </Text>
      )}
    </Stack>
  );
}

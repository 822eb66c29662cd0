import { Button, Group, Text } from "@mantine/core";
import { StatusBadge } from "../../components/StatusBadge";
import type { LiveDeliveries } from "./use-live-deliveries";

/** Whether the table follows what happens, in words, and what one can do about it. */
export function LiveStatus(props: {
  live: LiveDeliveries;
  /** False if the filters cannot be followed. */
  possible: boolean;
  on: boolean;
  onToggle: () => void;
  onShow: () => void;
  onRefresh: () => void;
}) {
  const { live, possible, on, onToggle, onShow, onRefresh } = props;
  const following = possible && on && live.connected;
  return (
    <Group gap="xs" aria-live="polite">
      {live.waiting > 0 && (
        <Button size="xs" onClick={onShow}>
          {live.waiting.toLocaleString()} new
        </Button>
      )}
      {following ? (
        <StatusBadge color="teal">Live</StatusBadge>
      ) : (
        <Text size="sm" c="dimmed">
          {sentence(possible, on)}
        </Text>
      )}
      {possible && (
        <Button size="xs" variant="default" onClick={onToggle}>
          {on ? "Pause" : "Go live"}
        </Button>
      )}
      {!following && (
        <Button size="xs" variant="default" onClick={onRefresh}>
          Refresh
        </Button>
      )}
    </Group>
  );
}

function sentence(possible: boolean, on: boolean): string {
  if (!possible) return "These filters are not followed live.";
  return on ? "Not connected: new deliveries do not appear." : "Paused.";
}

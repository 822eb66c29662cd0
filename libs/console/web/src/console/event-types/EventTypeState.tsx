import type { EventType } from "../../api/event-types";
import { StatusBadge } from "../../components/StatusBadge";

/** Whether an event type is in use, deprecated or archived. */
export function EventTypeState(props: { type: EventType }) {
  const { archived, deprecated } = props.type;
  if (archived) return <StatusBadge color="gray">Archived</StatusBadge>;
  if (deprecated) return <StatusBadge color="yellow">Deprecated</StatusBadge>;
  return <StatusBadge color="teal">Active</StatusBadge>;
}

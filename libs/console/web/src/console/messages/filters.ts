/** From the filters in the URL to those of the API. */

import type { AttemptFilter, MessageFilter } from "../../api/message-search";
import type { Filters } from "../use-filters";

export const FILTERS = [
  "view",
  "text",
  "type",
  "channel",
  "tag",
  "after",
  "before",
  "status",
  "code",
  "endpoint",
] as const;

export type SearchFilters = Filters<(typeof FILTERS)[number]>;

type Status = NonNullable<AttemptFilter["status"]>;
type CodeClass = NonNullable<AttemptFilter["status_code_class"]>;

/** States of attempts: as the address has them, and as the API. */
export const STATUSES: Record<string, { label: string; status: Status }> = {
  succeeded: { label: "Succeeded", status: 0 },
  failed: { label: "Failed", status: 2 },
  pending: { label: "Pending", status: 1 },
  sending: { label: "Sending", status: 3 },
};

/** Classes of responses: as the address has them, and as the API. */
export const CODES: Record<string, { label: string; class: CodeClass }> = {
  "2xx": { label: "2xx", class: 200 },
  "3xx": { label: "3xx", class: 300 },
  "4xx": { label: "4xx", class: 400 },
  "5xx": { label: "5xx", class: 500 },
  none: { label: "No answer", class: 0 },
};

const MESSAGE_ID = /^msg_[0-9A-Za-z]{0,22}$/;

/** Messages that the filters describe. A text is an id, the beginning of one, or an event id. */
export function messageFilter(filters: SearchFilters): MessageFilter {
  const { text, type, channel, tag, after, before } = filters;
  return {
    ...(text && (MESSAGE_ID.test(text) ? { id_prefix: text } : { event_id_prefix: text })),
    ...(type && { event_types: type.split(",").map((name) => name.trim()) }),
    ...(channel && { channel }),
    ...(tag && { tag }),
    ...(after && { after }),
    ...(before && { before }),
  };
}

/** Attempts that the filters describe. */
export function attemptFilter(filters: SearchFilters): AttemptFilter {
  const { type, channel, after, before, endpoint } = filters;
  const status = named(STATUSES, filters.status)?.status;
  const code = named(CODES, filters.code)?.class;
  return {
    ...(status !== undefined && { status }),
    ...(code !== undefined && { status_code_class: code }),
    ...(endpoint && { endpoint_id: endpoint }),
    ...(type && { event_types: type.split(",").map((name) => name.trim()) }),
    ...(channel && { channel }),
    ...(after && { after }),
    ...(before && { before }),
  };
}

function named<Value>(values: Record<string, Value>, name: string | undefined): Value | undefined {
  return name !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
}

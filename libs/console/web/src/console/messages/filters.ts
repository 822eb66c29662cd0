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
  const { type, channel, after, before, status, code, endpoint } = filters;
  return {
    ...(status && { status: Number(status) as AttemptFilter["status"] }),
    ...(code && { status_code_class: Number(code) as AttemptFilter["status_code_class"] }),
    ...(endpoint && { endpoint_id: endpoint }),
    ...(type && { event_types: type.split(",").map((name) => name.trim()) }),
    ...(channel && { channel }),
    ...(after && { after }),
    ...(before && { before }),
  };
}

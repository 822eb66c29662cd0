/** The filters of the table of deliveries, as they stand in the URL. */

import type { DeliverySearch } from "../../api/deliveries";

export const STATES = ["delivered", "retrying", "failed"] as const;
export type DeliveryState = (typeof STATES)[number];

/** Time ranges up to now, in seconds. */
export const RANGES = { "1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000 } as const;
export type Range = keyof typeof RANGES;

export interface DeliveryFilters {
  status?: DeliveryState;
  /** An event type. */
  type?: string;
  /** The id of an endpoint. */
  endpoint?: string;
  tag?: string;
  /** The beginning of a message's id or event id, or an endpoint's id. */
  q?: string;
  range?: Range;
  /** Local times to the minute, as `<input type="datetime-local">` has them. */
  from?: string;
  to?: string;
}

const TEXT_CHARS_MAX = 1_024;
const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const MINUTE_MS = 60_000;

/** The filters in a URL's search; what is none of them is left out. */
export function readFilters(search: Record<string, unknown>): DeliveryFilters {
  const { status, type, endpoint, tag, q, range, from, to } = search;
  return withoutEmpty({
    status: STATES.find((state) => state === status),
    type: text(type),
    endpoint: text(endpoint),
    tag: text(tag),
    q: text(q),
    range: typeof range === "string" && Object.hasOwn(RANGES, range) ? (range as Range) : undefined,
    from: localTime(from),
    to: localTime(to),
  });
}

/** What the API is asked for; `now` is where time ranges end. */
export function searchOf(filters: DeliveryFilters, now: Date): DeliverySearch {
  const { status, type, endpoint, tag, q, range, from, to } = filters;
  return withoutEmpty({
    ...(status && STATUS_QUERIES[status]),
    event_types: type === undefined ? undefined : [type],
    endpoint_id: endpoint,
    tag,
    ...idQuery(q),
    after: range ? startOf(range, now) : from && new Date(from).toISOString(),
    before: range || !to ? undefined : new Date(to).toISOString(),
  });
}

/** True if events of the stream can tell whether a delivery matches: they have no tags. */
export function canFollow(filters: DeliveryFilters): boolean {
  const searchesEventIds = filters.q !== undefined && !isId(filters.q);
  const endsNow = filters.range !== undefined || filters.to === undefined;
  return filters.tag === undefined && !searchesEventIds && endsNow;
}

/** The parameters of the stream of events for these filters. */
export function streamQuery(filters: DeliveryFilters): string {
  const query = new URLSearchParams({ types: ATTEMPT_EVENTS });
  const endpoint = filters.endpoint ?? (filters.q?.startsWith("ep_") ? filters.q : undefined);
  if (endpoint !== undefined) query.set("endpoint_id", endpoint);
  if (filters.type !== undefined) query.set("event_types", filters.type);
  return query.toString();
}

/** True if a delivery that the stream told of matches what the stream does not filter by. */
export function matches(
  filters: DeliveryFilters,
  delivery: { state: DeliveryState; msgId: string },
): boolean {
  const { status, q } = filters;
  if (status !== undefined && status !== delivery.state) return false;
  return q === undefined || !q.startsWith("msg_") || delivery.msgId.startsWith(q);
}

export const ATTEMPT_EVENTS = "attempt.succeeded,attempt.failed,message.exhausted";

const STATUS_QUERIES: Record<DeliveryState, DeliverySearch> = {
  delivered: { status: 0 },
  retrying: { status: 2, will_retry: true },
  failed: { status: 2, will_retry: false },
};

function idQuery(q: string | undefined): DeliverySearch {
  if (q === undefined) return {};
  if (q.startsWith("msg_")) return { msg_id_prefix: q };
  return q.startsWith("ep_") ? { endpoint_id: q } : { event_id_prefix: q };
}

function isId(q: string): boolean {
  return q.startsWith("msg_") || q.startsWith("ep_");
}

/** Whole minutes, so that the same question has the same answer for a while. */
function startOf(range: Range, now: Date): string {
  const start = now.getTime() - RANGES[range] * 1_000;
  return new Date(Math.floor(start / MINUTE_MS) * MINUTE_MS).toISOString();
}

/** The router reads `?q=12` as a number. */
function text(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim().slice(0, TEXT_CHARS_MAX);
  return trimmed === "" ? undefined : trimmed;
}

function localTime(value: unknown): string | undefined {
  if (typeof value !== "string" || !LOCAL_TIME.test(value)) return undefined;
  return Number.isNaN(new Date(value).getTime()) ? undefined : value;
}

function withoutEmpty<Values extends object>(values: Values): Values {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Values;
}

/** Operations whose types the API document does not have yet, by the shapes that are agreed. */

import { currentSession } from "../session/session";
import { ApiProblem, problemOf } from "./problem";

/** What the platform would do with a URL of an endpoint, without contacting it. */
export interface UrlCheck {
  accepted: boolean;
  url: string | null;
  conclusion: string;
  addresses: { address: string; allowed: boolean; rule: string }[];
}

export interface EndpointActivity {
  endpointId: string;
  /** Attempts by hour, the oldest first. */
  success: number[];
  fail: number[];
}

export type RedeliveryTask = "recover" | "replay-missing" | "bulk-replay";

/** What a recovery or replay would send. */
export interface RedeliveryPreview {
  messages: number;
  /** How many of them were delivered before. */
  delivered: number;
  pending: number;
  /** Left out, because their content is deleted. */
  expunged: number;
  examined: number;
  /** False: there are more messages than are examined at once; all numbers are lower bounds. */
  complete: boolean;
  eventTypes: { eventType: string; messages: number }[];
  oldest: string | null;
  newest: string | null;
}

/** Checks a URL as the endpoint of an application would be checked. */
export function checkUrl(appId: string, url: string, signal: AbortSignal): Promise<UrlCheck> {
  return call(`/api/v1/app/${encodeURIComponent(appId)}/endpoint-url/check`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ url }),
    signal,
  });
}

/** Successes and failures of the last 24 hours, of at most 100 endpoints. */
export async function endpointActivity(
  appId: string,
  endpointIds: string[],
  signal: AbortSignal,
): Promise<EndpointActivity[]> {
  const query = new URLSearchParams(endpointIds.map((id) => ["endpoint_id", id]));
  const path = `/api/v1/app/${encodeURIComponent(appId)}/stats/endpoints?${query}`;
  return (await call<{ data: EndpointActivity[] }>(path, { signal })).data;
}

/** Counts what a recovery or replay would send. */
export function previewRedelivery(
  appId: string,
  endpointId: string,
  wanted: { task: RedeliveryTask; since: string; until?: string; eventTypes?: string[] },
  signal: AbortSignal,
): Promise<RedeliveryPreview> {
  const query = new URLSearchParams({ task: wanted.task, since: wanted.since });
  if (wanted.until) query.set("until", wanted.until);
  for (const name of wanted.eventTypes ?? []) query.append("event_types", name);
  const endpoint = `app/${encodeURIComponent(appId)}/endpoint/${encodeURIComponent(endpointId)}`;
  return call(`/api/v1/${endpoint}/redelivery-preview?${query}`, { signal });
}

async function call<Data>(path: string, init: RequestInit): Promise<Data> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${currentSession()?.token ?? ""}`);
  const response = await fetch(path, { ...init, headers }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ApiProblem(0, "unreachable", "The server does not answer. Try again.");
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, body);
  return body as Data;
}

/** Why an attempt failed, and what to change by whom. */
export interface Explanation {
  code: string;
  cause: string;
  remedy: string;
  remedyBy: "customer" | "operator";
  evidence: { name: string; value: string }[];
  /** Its page: a URL, or a path in the documentation. */
  documentation: string;
}

/** Members of an attempt beside those of the document. */
export interface AttemptDetails {
  explanation?: Explanation;
}

/** The explanation of an attempt; undefined of successes, and of attempts from before there were any. */
export function explanationOf(attempt: object): Explanation | undefined {
  return (attempt as { explanation?: Explanation }).explanation;
}

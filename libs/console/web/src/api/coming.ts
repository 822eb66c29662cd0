/** Operations and members of the API that its document does not have yet, one place for all. */

import { currentSession } from "../session/session";
import { endSession, type Schemas } from "./client";
import { problemOf } from "./problem";

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
  attemptNumber?: number;
  nextAttempt?: string | null;
  httpVersion?: string;
  responseStatusText?: string;
  timings?: Schemas["AttemptTimings"] & { body?: number };
  explanation?: Explanation;
}

/** The request as it was sent, and the head of the answer. */
export interface AttemptHeaders {
  method?: string;
  url?: string;
  httpVersion?: string;
  sentHeaders: Record<string, string>;
  /** Headers that were sent and whose values are not stored. */
  sensitive: string[];
  responseStatusCode?: number;
  responseStatusText?: string | null;
  responseHttpVersion?: string | null;
  responseHeaders?: [string, string][] | null;
  truncated?: boolean;
  stored?: boolean;
}

/** The headers of an attempt; null if they are not kept. */
export async function attemptHeaders(
  appId: string,
  msgId: string,
  attemptId: string,
  signal: AbortSignal,
): Promise<AttemptHeaders | null> {
  const path = [appId, "msg", msgId, "attempt", attemptId].map(encodeURIComponent).join("/");
  const response = await fetch(`/api/v1/app/${path}/headers`, {
    headers: { authorization: `Bearer ${currentSession()?.token ?? ""}` },
    signal,
  });
  if (response.status === 401) endSession();
  if (response.status === 404) return null;
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, body);
  const headers = body as AttemptHeaders;
  return headers.stored === false ? null : headers;
}

/** Operations that the API's document does not state yet, one function each. */

import { api, dataOf } from "../api/client";

type Call = (
  path: string,
  init: { params?: { query?: object; path?: object }; body?: object; signal?: AbortSignal },
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

const get = api.GET as unknown as Call;

// --- The overview ---

export interface TenantBacklog {
  openMessages: number;
  oldestOpenAt: string | null;
  pendingDeliveries: number;
  oldestDueAt: string | null;
  parkedDeliveries: number;
  runningTasks: number;
}

export interface UnhealthyEndpoint {
  appId: string;
  appUid: string | null;
  appName: string;
  endpointId: string;
  endpointUid: string | null;
  url: string;
  description: string;
  reasons: { code: string; sentence: string }[];
  failingSince: string | null;
  openUntil: string | null;
  parked: number;
  scheduled: number;
  oldestDueAt: string | null;
}

/** What is accepted and not delivered yet. */
export function tenantBacklog(signal?: AbortSignal): Promise<TenantBacklog> {
  return dataOf(get("/api/v1/stats/backlog", { signal })) as Promise<TenantBacklog>;
}

/** Endpoints that need attention, worst first. */
export function unhealthyEndpoints(
  signal?: AbortSignal,
): Promise<{ data: UnhealthyEndpoint[]; truncated: boolean }> {
  return dataOf(
    get("/api/v1/stats/unhealthy-endpoints", { params: { query: { limit: 50 } }, signal }),
  ) as Promise<{ data: UnhealthyEndpoint[]; truncated: boolean }>;
}

/** Operations that the API's document does not state yet, one function each. */

import { api, dataOf, type Schemas } from "../api/client";

type Call = (
  path: string,
  init: { params?: { query?: object; path?: object }; body?: object; signal?: AbortSignal },
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

const get = api.GET as unknown as Call;
const post = api.POST as unknown as Call;

export interface Page<Row> {
  data: Row[];
  iterator: string | null;
  prevIterator: string | null;
  done: boolean;
}

// --- Signing in ---

export interface SignInMethods {
  apiKey: boolean;
  signInLink: boolean;
  oidc: { name: string } | null;
}

export interface SignedIn {
  token: string;
  id: string;
  name: string;
  scope: string;
  tenantId: string | null;
  expiresAt: string;
}

export type Identity = Schemas["WhoAmIOut"] & {
  name?: string | null;
  email?: string | null;
  permissions?: string[];
};

const READING = ["read_tenant", "read_tasks", "read_event_types", "read_application"];
const WORKING = [
  "publish",
  "read_application",
  "manage_messages",
  "read_secrets",
  "manage_secrets",
  "manage_endpoints",
  "create_attempts",
];

/** What a scope allows, while the API does not say it. */
export function permissionsOfScope(scope: string | null): string[] {
  if (scope === "admin") return [...READING, ...WORKING, "manage_tenant", "manage_keys"];
  if (scope === "read") return READING;
  if (scope === "application") return [...WORKING, "read_tasks"];
  return scope === "publish" ? ["publish"] : [];
}

/** How one can sign in to the console. */
export function signInMethods(signal?: AbortSignal): Promise<SignInMethods> {
  return dataOf(get("/api/v1/auth/methods", { signal })) as Promise<SignInMethods>;
}

/** Exchanges the code of a sign-in link for a token, once. */
export function exchangeCode(code: string, verifier?: string): Promise<SignedIn> {
  const body = verifier === undefined ? { code } : { code, verifier };
  return dataOf(post("/api/v1/auth/sign-in", { body })) as Promise<SignedIn>;
}

/** Starts to sign in with OpenID Connect; gives the provider's page. */
export function startOpenIdConnect(challenge: string): Promise<{ authorizationUrl: string }> {
  return dataOf(post("/api/v1/auth/oidc", { body: { challenge } })) as Promise<{
    authorizationUrl: string;
  }>;
}

// --- The platform ---

export interface Pool {
  size: number;
  inUse: number;
}

export interface Process {
  service: string;
  id: string;
  version: string;
  host: string;
  pid: number;
  startedAt: string;
  uptimeS: number;
  heartbeatAt: string;
  heartbeatAgeS: number;
  state: "running" | "silent";
  databasePool: Pool | null;
  redisPool: Pool | null;
  memoryBytes: number | null;
}

export interface StreamState {
  name: string;
  group: string;
  readBy: string;
  exists: boolean;
  entries: number;
  waiting: number;
  inProgress: number;
  abandoned: number;
  oldestAgeS: number;
  readers: number;
  silentReaders: number;
}

export interface PlatformState {
  version: string;
  processes: Process[] | null;
  streams: StreamState[] | null;
  backlog: {
    openBatches: number;
    oldestOpenS: number | null;
    setAsideBatches: number;
    scheduleLateS: number | null;
  } | null;
  redis: {
    name: string;
    version: string;
    usedMemoryBytes: number;
    maxMemoryBytes: number | null;
    clients: number;
    uptimeS: number;
  } | null;
  quarantine: Record<string, number> | null;
}

export type FindingLevel = "ok" | "warning" | "problem";

export interface Findings {
  level: FindingLevel;
  examinedAt: string;
  durationMs: number;
  findings: { level: FindingLevel; subject: string; sentence: string; remedy: string | null }[];
}

/** Processes, streams, backlog and Redis as they are now. */
export function platformState(signal?: AbortSignal): Promise<PlatformState> {
  return dataOf(get("/api/v1/platform", { signal })) as Promise<PlatformState>;
}

/** What `angarium doctor` would find. Takes up to some seconds. */
export function platformFindings(signal?: AbortSignal): Promise<Findings> {
  return dataOf(get("/api/v1/platform/findings", { signal })) as Promise<Findings>;
}

// --- The quarantine ---

export interface QuarantineEntry {
  id: string;
  service: string;
  stream: string;
  contract: string;
  reason: string;
  tries: number;
  quarantinedAt: string;
  sizeBytes: number;
  replayable: boolean;
  refusal: string | null;
}

export interface QuarantineEntryDetails extends QuarantineEntry {
  entryId: string;
  batchId: string | null;
  publication: number | null;
  chunk: number | null;
  chunks: number | null;
  messages: { id: string; appId: string; eventType: string; payloadBytes: number }[];
  messageCount: number;
}

export interface SetAsideBatch {
  id: string;
  messages: number;
  publications: number;
  acceptedAt: string;
  sizeBytes: number;
}

export interface Replayed {
  batches: number;
  entries: { id: string; outcome: string; detail: string }[];
}

/** Which entries a replay or a drop is about. */
export type Chosen = { ids: string[] } | { all: true };

interface PageQuery {
  limit: number;
  iterator?: string;
}

/** Entries in quarantine, newest first. */
export function quarantineEntries(
  query: PageQuery & { service?: string },
  signal?: AbortSignal,
): Promise<Page<QuarantineEntry>> {
  return dataOf(get("/api/v1/platform/quarantine", { params: { query }, signal })) as Promise<
    Page<QuarantineEntry>
  >;
}

/** One entry, by its service and its id there. */
export function quarantineEntry(
  service: string,
  entryId: string,
  signal?: AbortSignal,
): Promise<QuarantineEntryDetails> {
  return dataOf(
    get("/api/v1/platform/quarantine/{service}/{entry_id}", {
      params: { path: { service, entry_id: entryId } },
      signal,
    }),
  ) as Promise<QuarantineEntryDetails>;
}

/** The bytes of an entry, in base64. Reading them stands in the audit log. */
export function quarantineBytes(
  service: string,
  entryId: string,
): Promise<{ sizeBytes: number; base64: string }> {
  return dataOf(
    get("/api/v1/platform/quarantine/{service}/{entry_id}/bytes", {
      params: { path: { service, entry_id: entryId } },
    }),
  ) as Promise<{ sizeBytes: number; base64: string }>;
}

/** Batches that were published too often without being settled. */
export function setAsideBatches(
  query: PageQuery,
  signal?: AbortSignal,
): Promise<Page<SetAsideBatch>> {
  return dataOf(
    get("/api/v1/platform/set-aside-batches", { params: { query }, signal }),
  ) as Promise<Page<SetAsideBatch>>;
}

/** Puts entries back on their streams, and has batches published again. */
export function replayQuarantine(chosen: Chosen & { force?: boolean }): Promise<Replayed> {
  return dataOf(post("/api/v1/platform/quarantine/replay", { body: chosen })) as Promise<Replayed>;
}

/** Deletes entries. */
export function dropQuarantine(chosen: Chosen): Promise<{ dropped: number }> {
  return dataOf(post("/api/v1/platform/quarantine/drop", { body: chosen })) as Promise<{
    dropped: number;
  }>;
}

// --- Background tasks ---

export type TaskState = "running" | "finished" | "failed" | "canceled";

export type Task = Schemas["BackgroundTaskOut"] & {
  state?: TaskState;
  progress?: { percent: number | null; done: number; total: number | null };
};

/** Cancels a running task. */
export function cancelTask(taskId: string): Promise<Task> {
  return dataOf(
    post("/api/v1/background-task/{task_id}/cancel", { params: { path: { task_id: taskId } } }),
  ) as Promise<Task>;
}

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

// --- Event types ---

export interface SchemaVerdict {
  valid: boolean;
  faults: { loc: (string | number)[]; msg: string }[];
}

/** Whether an example is what a schema describes. */
export function testSchema(schema: unknown, example: unknown): Promise<SchemaVerdict> {
  return dataOf(
    post("/api/v1/event-type-schema/test", { body: { schema, example } as object }),
  ) as Promise<SchemaVerdict>;
}

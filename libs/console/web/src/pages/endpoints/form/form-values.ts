/** The fields of the form of an endpoint, and the members of the API that they stand for. */

import type { Endpoint, EndpointHeaders, EndpointPatch } from "../../../api/endpoints";
import { prettyJson } from "../../../components/json";
import { type EndpointKind, kindOf, POLL_URL } from "../endpoint-kind";
import { type AuthenticationValues, authenticationOf, NO_AUTHENTICATION } from "./authentication";

export interface HeaderRow {
  /** Of the row in the form only. */
  id: number;
  name: string;
  value: string;
  /** Its value is stored and never shown; it stays unless another is given. */
  stored: boolean;
}

export type SigningKind = "symmetric" | "asymmetric" | "own";

export interface FormValues {
  kind: EndpointKind;
  url: string;
  description: string;
  /** Null: all. */
  eventTypes: string[] | null;
  channels: string[];
  throttleRate: number | "";
  headers: HeaderRow[];
  signing: SigningKind;
  secret: string;
  uid: string;
  ordering: string;
  concurrency: number | "";
  timeoutSeconds: number | "";
  retrySchedule: string;
  ownSchedule: boolean;
  payloadFormat: string;
  contentType: string;
  eventSource: string;
  signatureHeaders: string;
  filter: string;
  authentication: AuthenticationValues;
  handshake: boolean;
  receiverControl: boolean;
  whileDisabled: string;
  proxyUrl: string;
  clientCertificate: string;
  caCertificates: string;
  metadata: string;
}

/** The members that the form knows, as the API takes them. */
export type Members = Omit<EndpointPatch, "disabled" | "version">;

/** Members that an endpoint whose messages are polled may have. */
const OF_POLLERS: (keyof Members)[] = [
  "url",
  "description",
  "eventTypes",
  "channels",
  "uid",
  "ordering",
  "filter",
  "whileDisabled",
  "metadata",
];

/** Members that are never shown: an empty field leaves them as they are. */
const STORED_ONLY: (keyof Members)[] = ["clientCertificate", "caCertificates", "proxyUrl"];

/** The values of the form, empty or as an endpoint has them. */
export function valuesOf(endpoint?: Endpoint, headers?: EndpointHeaders): FormValues {
  return {
    kind: endpoint ? kindOf(endpoint.url) : "webhook",
    url: endpoint?.url ?? "",
    description: endpoint?.description ?? "",
    eventTypes: endpoint?.eventTypes ?? null,
    channels: endpoint?.channels ?? [],
    throttleRate: endpoint?.throttleRate ?? "",
    headers: headers ? headerRows(headers) : [],
    signing: "symmetric",
    secret: "",
    uid: endpoint?.uid ?? "",
    ordering: endpoint?.ordering ?? "none",
    concurrency: endpoint?.concurrency ?? "",
    timeoutSeconds: endpoint?.timeoutSeconds ?? "",
    retrySchedule: (endpoint?.retrySchedule ?? []).join(", "),
    ownSchedule: endpoint?.retrySchedule !== undefined,
    payloadFormat: endpoint?.payloadFormat ?? "plain",
    contentType: endpoint?.contentType ?? "",
    eventSource: endpoint?.eventSource ?? "",
    signatureHeaders: endpoint?.signatureHeaders ?? "webhook",
    filter: endpoint?.filter ?? "",
    authentication: endpoint?.authentication
      ? { ...NO_AUTHENTICATION, ...endpoint.authentication, stored: true }
      : NO_AUTHENTICATION,
    handshake: endpoint?.handshake ?? false,
    receiverControl: endpoint?.receiverControl ?? true,
    whileDisabled: endpoint?.whileDisabled ?? "drop",
    proxyUrl: "",
    clientCertificate: "",
    caCertificates: "",
    metadata: prettyJson(endpoint?.metadata ?? {}),
  };
}

/** The members of the API for the values; empty fields are null. */
export function membersOf(values: FormValues): Members {
  const members: Members = {
    url: values.kind === "poller" ? POLL_URL : values.url.trim(),
    description: values.description,
    eventTypes: values.eventTypes,
    channels: values.channels.length > 0 ? values.channels : null,
    throttleRate: orNull(values.throttleRate),
    uid: orNull(values.uid.trim()),
    ordering: values.ordering as Members["ordering"],
    concurrency: orNull(values.concurrency),
    timeoutSeconds: orNull(values.timeoutSeconds),
    retrySchedule: values.ownSchedule ? (scheduleOf(values.retrySchedule) ?? null) : null,
    payloadFormat: values.payloadFormat as Members["payloadFormat"],
    contentType: orNull(values.contentType.trim()),
    eventSource: orNull(values.eventSource.trim()),
    signatureHeaders: values.signatureHeaders as Members["signatureHeaders"],
    filter: orNull(values.filter.trim()),
    authentication: authenticationOf(values.authentication),
    handshake: values.handshake,
    receiverControl: values.receiverControl,
    whileDisabled: values.whileDisabled as Members["whileDisabled"],
    proxyUrl: orNull(values.proxyUrl.trim()),
    clientCertificate: orNull(values.clientCertificate.trim()),
    caCertificates: orNull(values.caCertificates.trim()),
    metadata: JSON.parse(values.metadata) as Record<string, string>,
  };
  if (values.kind !== "poller") return members;
  return Object.fromEntries(OF_POLLERS.map((name) => [name, members[name]])) as Members;
}

/** The members that differ from what they were. */
export function changedMembers(before: FormValues, after: FormValues): Members {
  const old = membersOf(before);
  const changed = Object.entries(membersOf(after)).filter(([name, value]) => {
    if (STORED_ONLY.includes(name as keyof Members)) return value !== null;
    return JSON.stringify(value) !== JSON.stringify(old[name as keyof Members]);
  });
  return Object.fromEntries(changed) as Members;
}

/** Members without those that are null, which a new endpoint does not need. */
export function givenMembers(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== null),
  ) as Members;
}

/** The headers of a new endpoint. */
export function newHeaders(rows: HeaderRow[]): Record<string, string> | undefined {
  const given = rows.filter(({ name }) => name.trim() !== "");
  if (given.length === 0) return undefined;
  return Object.fromEntries(given.map(({ name, value }) => [name.trim(), value]));
}

/** What to change of the headers that are stored; null removes one. Undefined: nothing. */
export function headerChanges(
  before: HeaderRow[],
  after: HeaderRow[],
): Record<string, string | null> | undefined {
  const kept = new Map(after.map((row) => [row.name.trim().toLowerCase(), row]));
  const changes: Record<string, string | null> = {};
  for (const { name } of before) if (!kept.has(name.toLowerCase())) changes[name] = null;
  for (const row of after) {
    const name = row.name.trim();
    if (name === "") continue;
    const old = before.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (row.stored && row.value === "" && old?.stored) continue;
    if (old && !old.stored && old.value === row.value) continue;
    changes[name] = row.value;
  }
  return Object.keys(changes).length > 0 ? changes : undefined;
}

/** The delays of a schedule in seconds; undefined if the text is none. */
export function scheduleOf(text: string): number[] | undefined {
  const parts = text.split(/[\s,]+/).filter(Boolean);
  const delays = parts.map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : Number.NaN));
  return delays.some(Number.isNaN) ? undefined : delays;
}

/** A new Ed25519 key of Standard Webhooks: `whsk_` and 32 random bytes. */
export function newPrivateKey(): string {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  return `whsk_${btoa(String.fromCharCode(...seed))}`;
}

/** The headers that an endpoint has, as rows. */
export function headerRows({ headers, sensitive }: EndpointHeaders): HeaderRow[] {
  const shown = Object.entries(headers).map(([name, value]) => ({ name, value, stored: false }));
  const hidden = sensitive.map((name) => ({ name, value: "", stored: true }));
  return [...shown, ...hidden].map((row, id) => ({ id, ...row }));
}

function orNull<Value>(value: Value | ""): Value | null {
  return value === "" ? null : value;
}

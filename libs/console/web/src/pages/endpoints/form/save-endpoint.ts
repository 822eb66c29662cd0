/** Saves what the form of an endpoint has. */

import {
  changeEndpoint,
  changeHeaders,
  createEndpoint,
  type Endpoint,
  type EndpointHeaders,
  type EndpointIn,
} from "../../../api/endpoints";
import {
  changedMembers,
  type FormValues,
  givenMembers,
  headerChanges,
  membersOf,
  newHeaders,
  newPrivateKey,
  valuesOf,
} from "./form-values";

/** Creates an endpoint, or changes what differs from `before`. */
export async function saveEndpoint(
  appId: string,
  values: FormValues,
  before?: { endpoint: Endpoint; headers?: EndpointHeaders },
): Promise<Endpoint> {
  if (before === undefined) return createEndpoint(appId, newEndpoint(values));
  const { id } = before.endpoint;
  const old = valuesOf(before.endpoint, before.headers);
  const members = changedMembers(old, values);
  const headers = headerChanges(old.headers, values.headers);
  let saved = before.endpoint;
  if (Object.keys(members).length > 0) saved = await changeEndpoint(appId, id, members);
  if (headers !== undefined) await changeHeaders(appId, id, headers);
  return saved;
}

function newEndpoint(values: FormValues): EndpointIn {
  const body = givenMembers(membersOf(values)) as EndpointIn;
  if (values.kind === "poller") return body;
  const headers = newHeaders(values.headers);
  const secret = secretOf(values);
  return { ...body, ...(headers && { headers }), ...(secret && { secret }) };
}

function secretOf({ signing, secret }: FormValues): string | undefined {
  if (signing === "symmetric") return undefined;
  return signing === "asymmetric" ? newPrivateKey() : secret.trim();
}

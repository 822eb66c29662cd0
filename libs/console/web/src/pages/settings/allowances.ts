/** What capabilities allow, in words. */

import type { Schemas } from "../../api/client";

type Capability = Schemas["Capability"];

/** Each has the capabilities of which one is enough. */
const ALLOWANCES: [string, Capability[]][] = [
  ["See endpoints, events and deliveries", ["ViewBase"]],
  ["Create, change and delete endpoints", ["ManageEndpoint"]],
  ["See custom headers", ["ManageEndpoint"]],
  ["See signing secrets", ["ViewEndpointSecret", "ManageEndpointSecret", "ManageEndpoint"]],
  ["Rotate signing secrets", ["ManageEndpointSecret", "ManageEndpoint"]],
  ["Resend, recover and replay messages, and send test events", ["CreateAttempts"]],
];

/** What may be done with capabilities; null, which an API key has, allows everything. */
export function allowances(capabilities: Capability[] | null) {
  return ALLOWANCES.map(([what, enough]) => ({
    what,
    allowed: capabilities === null || enough.some((one) => capabilities.includes(one)),
  }));
}

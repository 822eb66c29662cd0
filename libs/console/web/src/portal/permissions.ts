import type { Schemas } from "../api/client";
import type { Permissions } from "../pages/application";

/** What a token's capabilities allow; an API key, which has none, may do everything. */
export function permissionsOf(who: Schemas["WhoAmIOut"]): Permissions {
  const has = (capability: Schemas["Capability"]) =>
    who.capabilities === null || who.capabilities.includes(capability);
  const manageEndpoints = has("ManageEndpoint");
  return {
    manageEndpoints,
    viewSecrets: manageEndpoints || has("ViewEndpointSecret") || has("ManageEndpointSecret"),
    manageSecrets: manageEndpoints || has("ManageEndpointSecret"),
    createAttempts: has("CreateAttempts"),
    manageMessages: who.capabilities === null,
  };
}

/** What who is signed in may do: pages and buttons for the rest are hidden. */

import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { identity } from "../api/identity";
import type { Permissions } from "../pages/application";

export type Permission = Schemas["Permission"];

export type May = (permission: Permission) => boolean;

/** Whether an identity has a permission. */
export function mayOf(who: Schemas["WhoAmIOut"]): May {
  const permissions = new Set<string>(who.permissions);
  return (permission) => permissions.has(permission);
}

/** Whether who is signed in has a permission; nothing, until that is known. */
export function useMay(): May {
  const { data } = useQuery(identity);
  return data === undefined ? () => false : mayOf(data);
}

/** The permissions that the pages of an application ask for. */
export function applicationPermissions(may: May): Permissions {
  return {
    manageEndpoints: may("manage_endpoints"),
    viewSecrets: may("read_secrets"),
    manageSecrets: may("manage_secrets"),
    createAttempts: may("create_attempts"),
    manageMessages: may("manage_messages"),
  };
}

/** What who is signed in may do: pages and buttons for the rest are hidden. */

import { useQuery } from "@tanstack/react-query";
import { identity } from "../api/identity";
import type { Permissions } from "../pages/application";
import { type Identity, permissionsOfScope } from "./coming";

export type Permission =
  | "read_tenant"
  | "read_tasks"
  | "manage_tasks"
  | "log_out"
  | "read_event_types"
  | "manage_tenant"
  | "manage_keys"
  | "read_platform"
  | "manage_quarantine"
  | "publish"
  | "read_application"
  | "manage_messages"
  | "read_secrets"
  | "manage_secrets"
  | "manage_endpoints"
  | "create_attempts";

export type May = (permission: Permission) => boolean;

/** Whether an identity has a permission. */
export function mayOf(who: Identity): May {
  const permissions = new Set(who.permissions ?? permissionsOfScope(who.scope));
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

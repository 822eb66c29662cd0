/** Queries and changes of tenants, for operators of the platform. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { byIterator, PAGE_ROWS } from "./pages";

export type Tenant = Schemas["TenantOut"];
export type TenantPatch = Schemas["TenantPatch"];

const PATH = "/api/v1/admin/tenant/{tenant_id}";
const of = (tenantId: string) => ({ path: { tenant_id: tenantId } });

/** All tenants, newest first, without those that are deleted. */
export const tenantPages = infiniteQueryOptions({
  queryKey: ["tenants"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(
      api.GET("/api/v1/admin/tenant", {
        params: { query: { limit: PAGE_ROWS, iterator: pageParam, order: "descending" } },
        signal,
      }),
    ),
  ...byIterator,
});

export function createTenant(name: string): Promise<Tenant> {
  return dataOf(api.POST("/api/v1/admin/tenant", { body: { name } }));
}

/** Changes what `body` has: the name, whether it is suspended, or its quotas. */
export function changeTenant(tenantId: string, body: TenantPatch): Promise<Tenant> {
  return dataOf(api.PATCH(PATH, { params: of(tenantId), body }));
}

export async function deleteTenant(tenantId: string): Promise<void> {
  await dataOf(api.DELETE(PATH, { params: of(tenantId) }));
}

/** Creates a key of the tenant's. Its token is in this answer only. */
export function createTenantKey(
  tenantId: string,
  body: Schemas["ApiKeyIn"],
): Promise<Schemas["ApiKeyCreatedOut"]> {
  return dataOf(
    api.POST("/api/v1/admin/tenant/{tenant_id}/api-key", { params: of(tenantId), body }),
  );
}

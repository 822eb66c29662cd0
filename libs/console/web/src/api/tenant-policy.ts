/** The policy of the tenant. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";

export type TenantPolicy = Schemas["TenantPolicyOut"];

export const tenantPolicy = queryOptions({
  queryKey: ["tenant-policy"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/tenant/policy", { signal })),
});

export function replaceTenantPolicy(body: Schemas["TenantPolicyIn"]): Promise<TenantPolicy> {
  return dataOf(api.PUT("/api/v1/tenant/policy", { body }));
}

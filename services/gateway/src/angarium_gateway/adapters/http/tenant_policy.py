"""/api/v1/tenant/policy"""

from angarium_contracts.tenant_policy import GetTenantPolicy, SetTenantPolicy, TenantPolicy
from litestar import Controller, get, put
from litestar.params import JSONBody

from .dependencies import Api, ApiDependencies, CurrentCaller
from .problems import unwrap
from .schemas.delivery_policy import TenantPolicyIn, TenantPolicyOut, delays_of_new


class TenantPolicyController(Controller):
    """Settings of all applications of the tenant."""

    path = "/api/v1/tenant/policy"
    tags = ("Tenant",)

    @get(operation_id="v1.tenant.get-policy", summary="Get the tenant policy")
    async def get_policy(self, api: Api, caller: CurrentCaller) -> TenantPolicyOut:
        """Returns the tenant's policy; `null` means the platform's own."""
        return await read_policy(api, caller.tenant_id)

    @put(operation_id="v1.tenant.update-policy", summary="Replace the tenant policy")
    async def update_policy(
        self, api: Api, caller: CurrentCaller, data: JSONBody[TenantPolicyIn]
    ) -> TenantPolicyOut:
        """Replaces the tenant's policy: what is left out becomes the platform's own.

        A new schedule applies to messages posted from now on, where neither the endpoint nor the
        event type has its own. `signatureHeaders` and `requireEventTypes` apply to endpoints that
        are created or changed from now on.
        """
        return await replace_policy(api, caller.tenant_id, data)


async def read_policy(api: ApiDependencies, tenant_id: bytes) -> TenantPolicyOut:
    """The tenant's policy. Raises `Refused`."""
    policy = unwrap(await api.ask_dispatcher(GetTenantPolicy(tenant_id=tenant_id), TenantPolicy))
    days = await api.retentions.find(tenant_id)
    return _policy_out(policy, days)


async def replace_policy(
    api: ApiDependencies, tenant_id: bytes, data: TenantPolicyIn
) -> TenantPolicyOut:
    """Replace the tenant's policy. Raises `Refused`."""
    command = SetTenantPolicy(
        tenant_id=tenant_id,
        retry_delays_s=delays_of_new(data.retry_schedule),
        header_names=data.signature_headers,
        require_event_types=data.require_event_types,
    )
    policy = unwrap(await api.ask_dispatcher(command, TenantPolicy))
    await api.retentions.set(tenant_id, data.retention_days)
    return _policy_out(policy, data.retention_days)


def _policy_out(policy: TenantPolicy, retention_days: int | None) -> TenantPolicyOut:
    return TenantPolicyOut(
        retry_schedule=policy.retry_delays_s,
        retention_days=retention_days,
        signature_headers=policy.header_names,
        require_event_types=policy.require_event_types,
    )

"""/api/v1/tenant/policy"""

from typing import Final

from angarium_contracts.tenant_policy import GetTenantPolicy, SetTenantPolicy, TenantPolicy
from litestar import Controller, get, put
from litestar.params import JSONBody

from angarium_gateway.domain.schema_checks import SchemaCheck

from .dependencies import Api, ApiDependencies, CurrentCaller
from .noted_changes import note_change
from .problems import unwrap
from .schemas.delivery_policy import TenantPolicyIn, TenantPolicyOut, delays_of_new

_OFF: Final = "off"


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
        are created or changed from now on, `validateSchemas` within a second to messages that are
        posted.
        """
        return await replace_policy(api, caller.tenant_id, data)


async def read_policy(api: ApiDependencies, tenant_id: bytes) -> TenantPolicyOut:
    """The tenant's policy. Raises `Refused`."""
    policy = unwrap(await api.ask_dispatcher(GetTenantPolicy(tenant_id=tenant_id), TenantPolicy))
    days = await api.retentions.find(tenant_id)
    check = await api.schema_checks.find(tenant_id)
    return _policy_out(policy, days, check)


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
    days_before = await api.retentions.find(tenant_id)
    check_before = await api.schema_checks.find(tenant_id)
    await api.retentions.set(tenant_id, data.retention_days)
    chosen = data.validate_schemas or _OFF
    check = None if chosen == _OFF else SchemaCheck(chosen)
    await api.schema_checks.set(tenant_id, check)
    after = _policy_out(policy, data.retention_days, check)
    if policy.before is not None:
        note_change(_policy_out(policy.before, days_before, check_before), after)
    return after


def _policy_out(
    policy: TenantPolicy, retention_days: int | None, check: SchemaCheck | None
) -> TenantPolicyOut:
    return TenantPolicyOut(
        retry_schedule=policy.retry_delays_s,
        retention_days=retention_days,
        signature_headers=policy.header_names,
        require_event_types=policy.require_event_types,
        validate_schemas=_OFF if check is None else check.value,
    )

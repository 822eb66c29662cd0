"""Replacing the policy of a tenant, which holds for all its applications."""

from angarium_contracts.tenant_policy import SetTenantPolicy

from angarium_dispatcher.application.configuration.command_fields import fields_set
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.tenant_policy import TenantPolicy, check_tenant_policy


async def set_tenant_policy(
    command: SetTenantPolicy, context: ConfigurationContext
) -> TenantPolicy:
    """Replace the policy. Returns the one in force. Raises `InvalidField`."""
    policy = check_tenant_policy(TenantPolicy(**fields_set(command, TenantPolicy)))

    async def work(change: Change) -> TenantPolicy:
        await change.set_tenant_policy(command.tenant_id, policy)
        return policy

    return await context.changes.apply(work)

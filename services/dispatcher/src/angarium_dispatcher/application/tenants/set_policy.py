"""Replacing the policy of a tenant, which holds for all its applications."""

from dataclasses import dataclass

from angarium_contracts.tenant_policy import SetTenantPolicy

from angarium_dispatcher.application.configuration.command_fields import fields_set
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.tenant_policy import TenantPolicy, check_tenant_policy


@dataclass(frozen=True, slots=True)
class SavedPolicy:
    """The policy in force, and the one before it."""

    policy: TenantPolicy
    before: TenantPolicy


async def set_tenant_policy(command: SetTenantPolicy, context: ConfigurationContext) -> SavedPolicy:
    """Replace the policy. Raises `InvalidField`."""
    policy = check_tenant_policy(TenantPolicy(**fields_set(command, TenantPolicy)))

    async def work(change: Change) -> SavedPolicy:
        before = await change.tenant_policy(command.tenant_id)
        await change.set_tenant_policy(command.tenant_id, policy)
        return SavedPolicy(policy, before)

    return await context.changes.apply(work)

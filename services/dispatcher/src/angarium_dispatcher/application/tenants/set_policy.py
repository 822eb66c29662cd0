"""Replacing the delivery policy of a tenant, which holds for all its applications."""

from angarium_contracts.tenant_policy import SetTenantPolicy

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.field_rules import check_retry_delays
from angarium_dispatcher.domain.schedules import DelaysS


async def set_tenant_policy(
    command: SetTenantPolicy, context: ConfigurationContext
) -> DelaysS | None:
    """Replace the policy. Returns the retry schedule in force. Raises `InvalidField`."""
    check_retry_delays(command.retry_delays_s)

    async def work(change: Change) -> DelaysS | None:
        await change.set_tenant_delays(command.tenant_id, command.retry_delays_s)
        return command.retry_delays_s

    return await context.changes.apply(work)

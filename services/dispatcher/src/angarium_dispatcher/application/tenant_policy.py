"""What a tenant sets for all its applications."""

from angarium_contracts.tenant_policy import SetTenantPolicy

from angarium_dispatcher.domain.member_rules import check_retry_delays
from angarium_dispatcher.domain.schedules import DelaysS

from .configuration_store import Change
from .means import Means


async def set_tenant_policy(command: SetTenantPolicy, means: Means) -> DelaysS | None:
    """Replace it. Gives the retry schedule that now holds. Raises `InvalidMember`."""
    check_retry_delays(command.retry_delays_s)

    async def work(change: Change) -> DelaysS | None:
        await change.set_tenant_delays(command.tenant_id, command.retry_delays_s)
        return command.retry_delays_s

    return await means.changes.make(work)

"""Settings of a tenant for all its applications."""

from .contract import Contract


class GetTenantPolicy(Contract, frozen=True, tag="tenant.get_policy/1"):
    tenant_id: bytes


class SetTenantPolicy(Contract, frozen=True, tag="tenant.set_policy/1"):
    """Replace it. Answered by `TenantPolicy`."""

    tenant_id: bytes
    retry_delays_s: tuple[float, ...] | None = None
    header_names: str | None = None
    require_event_types: bool | None = None


class TenantPolicy(Contract, frozen=True, tag="tenant.policy/1"):
    """`retry_delays_s`: the retry schedule of messages whose event type has none; None: the
    worker's own. `header_names` is that of new endpoints. `require_event_types`: endpoints may
    name existing event types only. None: the dispatcher's own. `before`: the policy that a command
    replaced."""

    retry_delays_s: tuple[float, ...] | None = None
    header_names: str | None = None
    require_event_types: bool | None = None
    before: "TenantPolicy | None" = None

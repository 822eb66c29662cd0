"""Settings of a tenant for all its applications."""

from dataclasses import dataclass

from .field_rules import check_header_names, check_retry_delays
from .schedules import DelaysS


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """The policy of a tenant. None stands for the platform's own.

    `retry_delays_s` is the schedule of messages whose event type has none. `header_names` is
    what new endpoints get that choose none. With `require_event_types` endpoints may name only
    event types that exist.
    """

    retry_delays_s: DelaysS | None = None
    header_names: str | None = None
    require_event_types: bool | None = None


def check_tenant_policy(policy: TenantPolicy) -> TenantPolicy:
    """Return the policy if every field is acceptable. Raises `InvalidField`."""
    check_retry_delays(policy.retry_delays_s)
    if policy.header_names is not None:
        check_header_names(policy.header_names)
    return policy

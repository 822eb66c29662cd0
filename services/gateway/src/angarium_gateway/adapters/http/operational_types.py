"""The event types that operational endpoints can choose."""

from typing import Final

from angarium_contracts import operational

from .current_names import with_current_names
from .problems import Fault, Refused, invalid
from .schemas.operational_webhooks import OperationalWebhookEndpointUpdate
from .value_sentences import did_you_mean

OPERATIONAL_TYPES: Final = (
    operational.ENDPOINT_CREATED,
    operational.ENDPOINT_UPDATED,
    operational.ENDPOINT_DELETED,
    operational.ENDPOINT_DISABLED,
    operational.ATTEMPT_EXHAUSTED,
    operational.ATTEMPT_FAILING,
    operational.ATTEMPT_RECOVERED,
)


def with_known_types[T: OperationalWebhookEndpointUpdate](data: T) -> T:
    """The request under current names. Raises `Refused` (422) for an event type that no operational
    event has, and that would never arrive."""
    data = with_current_names(data)
    for index, name in enumerate(data.event_types or ()):
        if name not in OPERATIONAL_TYPES:
            remedy = did_you_mean(name, OPERATIONAL_TYPES)
            message = f"There are no operational events of the type `{name}`. {remedy}"
            raise Refused(invalid(Fault(("body", "eventTypes", str(index)), message)))
    return data

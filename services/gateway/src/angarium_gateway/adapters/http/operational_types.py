"""The event types that operational endpoints can choose."""

from collections.abc import Sequence
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
    """The request under current names. Raises `Refused` as `check_known_types` does."""
    data = with_current_names(data)
    check_known_types(data.event_types or ())
    return data


def check_known_types(names: Sequence[str]) -> None:
    """Raise `Refused` (422) for an event type that no operational event has, and that would never
    arrive."""
    for index, name in enumerate(names):
        if name not in OPERATIONAL_TYPES:
            remedy = did_you_mean(name, OPERATIONAL_TYPES)
            message = f"There are no operational events of the type `{name}`. {remedy}"
            raise Refused(invalid(Fault(("body", "eventTypes", str(index)), message)))

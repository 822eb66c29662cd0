"""`payloadRetentionHours` of applications and event types, which the gateway itself stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from angarium_contracts.configuration import Application, EventType
from msgspec import UNSET, UnsetType

from angarium_gateway.application.tenants.payload_retention import RULES_MAX, TooManyRules

from .dependencies import ApiDependencies
from .problems import Refused, problem_answer


@dataclass(frozen=True, slots=True)
class KeptHours:
    """The hours before a request and after it; None: payloads are kept as long as messages."""

    before: int | None
    after: int | None


async def keep_payloads_of_application(
    api: ApiDependencies, tenant_id: bytes, application_id: bytes, hours: int | UnsetType | None
) -> KeptHours:
    """Replace the hours of an application, unless they are unset. Raises `Refused`."""
    found = await api.payload_retentions.of_applications(tenant_id, [application_id])
    before = found.get(application_id)
    if hours is UNSET or hours == before:
        return KeptHours(before, before)
    try:
        await api.payload_retentions.set_of_application(tenant_id, application_id, hours)
    except TooManyRules:
        raise _too_many("applications") from None
    return KeptHours(before, hours)


async def keep_payloads_of_event_type(
    api: ApiDependencies, tenant_id: bytes, name: str, hours: int | UnsetType | None
) -> KeptHours:
    """Replace the hours of an event type, unless they are unset. Raises `Refused`."""
    found = await api.payload_retentions.of_event_types(tenant_id, [name])
    before = found.get(name)
    if hours is UNSET or hours == before:
        return KeptHours(before, before)
    try:
        await api.payload_retentions.set_of_event_type(tenant_id, name, hours)
    except TooManyRules:
        raise _too_many("event types") from None
    return KeptHours(before, hours)


async def hours_of_applications(
    api: ApiDependencies, tenant_id: bytes, applications: Sequence[Application]
) -> Mapping[bytes, int]:
    """The hours of those applications that have some."""
    ids = [each.id for each in applications]
    return await api.payload_retentions.of_applications(tenant_id, ids)


async def hours_of_event_types(
    api: ApiDependencies, tenant_id: bytes, event_types: Sequence[EventType]
) -> Mapping[str, int]:
    """The hours of those event types that have some."""
    names = [each.name for each in event_types]
    return await api.payload_retentions.of_event_types(tenant_id, names)


def _too_many(kind: str) -> Refused:
    detail = (
        f"`payloadRetentionHours` may be set for at most {RULES_MAX} {kind}. Everything else of"
        " the request is saved. Set it to `null` elsewhere first, or shorten `retentionDays` in"
        " the tenant policy."
    )
    return Refused(problem_answer(409, "too_many_retentions", "Too many retentions", detail))

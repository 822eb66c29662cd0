"""Matching messages to one endpoint, for messages that an operator or a client resends."""

from collections.abc import Collection, Mapping
from typing import Protocol

from angarium_contracts.deliveries import MatchedMessages, MatchMessages, MessageKind

from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import ConfigurationReads
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.filters.message_filter import FilteredMessage, stored_filter
from angarium_dispatcher.domain.matching import EndpointFilter, accepted, matches
from angarium_dispatcher.domain.refusals import EndpointDisabled, InvalidField
from angarium_dispatcher.domain.schedules import NO_SCHEDULES, Schedules

KINDS_MAX = 100


class ReadsSchedules(Protocol):
    """Reads the retry schedules of tenants; tenants without any are left out."""

    async def schedules(self, tenant_ids: Collection[bytes]) -> Mapping[bytes, Schedules]: ...


class MatchingReads(ConfigurationReads, ReadsSchedules, Protocol):
    """Reads of committed configuration, schedules included."""


async def match_messages(question: MatchMessages, reads: MatchingReads) -> MatchedMessages:
    """Answer which of the message kinds the endpoint accepts, and their retry schedules.

    Raises `NotFound`, `EndpointDisabled`, or `InvalidField` for more than `KINDS_MAX` kinds.
    """
    if len(question.kinds) > KINDS_MAX:
        raise InvalidField("kinds", f"At most {KINDS_MAX} messages can be queried at a time.")
    application = await get_application(reads, question.tenant_id, question.application_ref)
    endpoint = await get_endpoint(reads, application, question.ref)
    if endpoint.disabled:
        raise EndpointDisabled(endpoint.disabled_reason)
    found = await reads.schedules([question.tenant_id])
    schedules = found.get(question.tenant_id, NO_SCHEDULES)
    endpoint_filter = filter_of(endpoint)
    wanted = [
        question.by_hand or _is_wanted(endpoint_filter, kind, application.metadata)
        for kind in question.kinds
    ]
    return MatchedMessages(
        endpoint_id=endpoint.id,
        endpoint_version=endpoint.version,
        application_id=application.id,
        wanted=tuple(wanted),
        retry_delays_s=tuple([schedules.of(kind.event_type) for kind in question.kinds]),
        weight=application.weight,
        needs_payload=not question.by_hand
        and any(wanted)
        and _needs_payload(endpoint_filter)
        and any(kind.payload is None for kind in question.kinds),
    )


def _is_wanted(endpoint: EndpointFilter, kind: MessageKind, metadata: Mapping[str, str]) -> bool:
    """True for a message that the endpoint accepts, as far as the fields given can tell."""
    if not matches(endpoint, kind.event_type, kind.channels):
        return False
    if kind.payload is None and _needs_payload(endpoint):
        return True
    message = FilteredMessage(
        kind.event_type,
        kind.channels,
        kind.tags,
        metadata,
        kind.payload or b"{}",
        kind.content_type,
    )
    return bool(accepted([endpoint], message, []))


def _needs_payload(endpoint: EndpointFilter) -> bool:
    return endpoint.filter is not None and endpoint.filter.needs_payload


def filter_of(endpoint: Endpoint) -> EndpointFilter:
    """The filters of an endpoint."""
    return EndpointFilter(
        endpoint.id,
        endpoint.version,
        None if endpoint.event_types is None else frozenset(endpoint.event_types),
        None if endpoint.channels is None else frozenset(endpoint.channels),
        stored_filter(endpoint.filter),
    )

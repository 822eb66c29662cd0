"""From the domain's objects to the contracts."""

from collections.abc import Callable

from angarium_contracts import configuration as wire
from angarium_contracts.directory import ApplicationState, EndpointState
from angarium_contracts.queries import Problem, ProblemCode

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.paging import PageOf
from angarium_dispatcher.domain.refusals import (
    AlreadyTaken,
    EndpointDisabled,
    InvalidMember,
    NotFound,
    Refused,
)


def application(entity: Application) -> wire.Application:
    """An application in full."""
    return wire.Application(
        id=entity.id,
        uid=entity.uid,
        name=entity.name,
        throttle_rate=entity.throttle_rate,
        metadata=dict(entity.metadata),
        created_at=entity.created_at,
        updated_at=entity.updated_at,
        weight=entity.weight,
    )


def application_state(entity: Application) -> ApplicationState:
    """An application as copies of the directory hold it."""
    return ApplicationState(
        id=entity.id,
        tenant_id=entity.tenant_id,
        version=entity.version,
        uid=entity.uid,
        deleted=entity.deleted,
    )


def endpoint(entity: Endpoint) -> wire.Endpoint:
    """An endpoint in full, without its secrets."""
    return wire.Endpoint(
        id=entity.id,
        application_id=entity.application_id,
        uid=entity.uid,
        url=entity.url,
        description=entity.description,
        disabled=entity.disabled,
        throttle_rate=entity.throttle_rate,
        event_types=entity.event_types,
        channels=entity.channels,
        metadata=dict(entity.metadata),
        created_at=entity.created_at,
        updated_at=entity.updated_at,
        timeout_s=entity.timeout_s,
        header_names=entity.header_names,
        proxy_url=entity.proxy_shown,
        client_certificate=_client_certificate(entity),
        disabled_reason=entity.disabled_reason,
        fifo=entity.fifo,
        concurrency_max=entity.concurrency_max,
        retry_delays_s=entity.retry_delays_s,
    )


def _client_certificate(entity: Endpoint) -> wire.ClientCertificate | None:
    subject, expires_at = entity.certificate_subject, entity.certificate_expires_at
    if subject is None or expires_at is None:
        return None
    return wire.ClientCertificate(subject, expires_at)


def endpoint_state(entity: Endpoint) -> EndpointState:
    """An endpoint as copies of the directory hold it: what is sealed stays as it is sealed."""
    return EndpointState(
        id=entity.id,
        tenant_id=entity.tenant_id,
        application_id=entity.application_id,
        version=entity.version,
        url=entity.url,
        secrets=entity.sealed_secrets,
        headers=entity.sealed_headers,
        throttle_rate=entity.throttle_rate,
        disabled=entity.disabled,
        deleted=entity.deleted,
        secrets_expire_at=entity.secrets_expire_at,
        timeout_s=entity.timeout_s,
        header_names=entity.header_names,
        proxy=entity.sealed_proxy,
        client_certificate=entity.sealed_certificate,
        fifo=entity.fifo,
        concurrency_max=entity.concurrency_max,
        retry_delays_s=entity.retry_delays_s,
    )


def event_type(entity: EventType, *, with_content: bool = True) -> wire.EventType:
    """An event type; without content its schemas are left out."""
    return wire.EventType(
        name=entity.name,
        description=entity.description,
        archived=entity.archived,
        deprecated=entity.deprecated,
        feature_flag=entity.feature_flag,
        schemas=entity.schemas if with_content else None,
        created_at=entity.created_at,
        updated_at=entity.updated_at,
        retry_delays_s=entity.retry_delays_s,
    )


def page[T, Item, Answer](
    answer: Callable[[tuple[Item, ...], bool, str | None, str | None], Answer],
    found: PageOf[T],
    item: Callable[[T], Item],
) -> Answer:
    """A page of a list, as the contract `answer`."""
    items = tuple([item(one) for one in found.items])
    return answer(items, found.done, found.iterator, found.prev_iterator)


def problem(refusal: Refused) -> Problem:
    """A refusal as a value."""
    match refusal:
        case NotFound():
            return Problem(ProblemCode.NOT_FOUND, str(refusal))
        case AlreadyTaken(member=member):
            return Problem(ProblemCode.CONFLICT, str(refusal), member)
        case EndpointDisabled():
            return Problem(ProblemCode.CONFLICT, str(refusal))
        case InvalidMember(member=member):
            return Problem(ProblemCode.INVALID, str(refusal), member)
        case _:
            return Problem(ProblemCode.UNAVAILABLE, str(refusal))

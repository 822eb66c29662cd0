"""Conversions from the domain's objects to the contracts.

Fields that have the same name on both sides are carried over by that name; only the others are
listed.
"""

from collections.abc import Callable
from typing import Any

from angarium_contracts import configuration as wire
from angarium_contracts.api_names import api_name
from angarium_contracts.directory import ApplicationState, EndpointState
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.tenant_policy import TenantPolicy as WireTenantPolicy
from msgspec import Struct

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.paging import PageOf
from angarium_dispatcher.domain.refusals import (
    AlreadyTaken,
    EndpointDisabled,
    InvalidField,
    NotFound,
    QuotaReached,
    Refused,
    RotatedTooOften,
    VersionDiffers,
)
from angarium_dispatcher.domain.tenant_policy import TenantPolicy

type Entity = Application | Endpoint | EventType | TenantPolicy


def application(entity: Application) -> wire.Application:
    """An application in full."""
    return _carried_over(wire.Application, entity, metadata=dict(entity.metadata))


def application_state(entity: Application) -> ApplicationState:
    """An application as the copies of the directory hold it."""
    return _carried_over(ApplicationState, entity, ingest_tokens=entity.ingest_tokens or ())


def endpoint(entity: Endpoint, *, with_headers: bool = False) -> wire.Endpoint:
    """An endpoint in full, without its secrets; its headers stay sealed."""
    return _carried_over(
        wire.Endpoint,
        entity,
        metadata=dict(entity.metadata),
        proxy_url=entity.proxy_shown,
        client_certificate=_client_certificate(entity),
        authentication=_shown_authentication(entity),
        ca_certificates=_ca_certificates(entity),
        sealed_headers=entity.sealed_headers if with_headers else None,
    )


def _client_certificate(entity: Endpoint) -> wire.ClientCertificate | None:
    subject, expires_at = entity.certificate_subject, entity.certificate_expires_at
    if subject is None or expires_at is None:
        return None
    return wire.ClientCertificate(subject, expires_at)


def _shown_authentication(entity: Endpoint) -> wire.ShownAuthentication | None:
    shown = entity.authentication_shown
    return None if shown is None else wire.ShownAuthentication(**shown)


def _ca_certificates(entity: Endpoint) -> tuple[wire.ClientCertificate, ...] | None:
    if entity.ca_shown is None:
        return None
    return tuple([wire.ClientCertificate(*each) for each in entity.ca_shown])


def endpoint_state(entity: Endpoint) -> EndpointState:
    """An endpoint as the copies of the directory hold it; sealed values stay sealed."""
    return _carried_over(
        EndpointState,
        entity,
        throttle_rate=entity.effective_throttle_rate,
        secrets=entity.sealed_secrets,
        headers=entity.sealed_headers,
        proxy=entity.sealed_proxy,
        client_certificate=entity.sealed_certificate,
        authentication=entity.sealed_authentication,
        ca_certificates=entity.sealed_ca,
    )


def event_type(entity: EventType, *, with_content: bool = True) -> wire.EventType:
    """An event type; without content its schemas are left out."""
    schemas = entity.schemas if with_content else None
    return _carried_over(wire.EventType, entity, schemas=schemas)


def tenant_policy(policy: TenantPolicy) -> WireTenantPolicy:
    """A tenant's policy."""
    return _carried_over(WireTenantPolicy, policy, before=None)


def _carried_over[Kind: Struct](
    contract: type[Kind],
    entity: Application | Endpoint | EventType | TenantPolicy,
    **converted: Any,
) -> Kind:
    """The contract, with the `converted` fields and all others from `entity` by name."""
    names = [name for name in contract.__struct_fields__ if name not in converted]
    return contract(**{name: getattr(entity, name) for name in names}, **converted)


def page[T, Item, Answer](
    answer: Callable[[tuple[Item, ...], bool, str | None, str | None], Answer],
    found: PageOf[T],
    item: Callable[[T], Item],
) -> Answer:
    """A page of a list, as the contract that `answer` constructs."""
    items = tuple([item(one) for one in found.items])
    return answer(items, found.done, found.iterator, found.prev_iterator)


def problem(refusal: Refused) -> Problem:
    """A refusal as a value."""
    match refusal:
        case NotFound():
            return Problem(ProblemCode.NOT_FOUND, str(refusal))
        case AlreadyTaken(field=field):
            return Problem(ProblemCode.CONFLICT, str(refusal), _member(field))
        case VersionDiffers():
            return Problem(ProblemCode.PRECONDITION_FAILED, str(refusal))
        case QuotaReached():
            return Problem(ProblemCode.QUOTA_REACHED, str(refusal))
        case EndpointDisabled() | RotatedTooOften():
            return Problem(ProblemCode.CONFLICT, str(refusal))
        case InvalidField(field=field, path=path):
            return Problem(ProblemCode.INVALID, str(refusal), _member(field), path)
        case _:
            return Problem(ProblemCode.UNAVAILABLE, str(refusal))


def _member(field: str) -> str:
    """The refused field as the API names it. A path after a dot is the field's content, such as
    the name of a header, and stays."""
    name, dot, content = field.partition(".")
    return api_name(name) + dot + content

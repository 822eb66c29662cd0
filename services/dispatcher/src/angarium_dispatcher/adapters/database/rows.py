"""Conversions between rows and entities, by column name."""

from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from angarium_contracts.operational import OperationalEvent
from sqlalchemy import RowMapping

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.tenant_policy import TenantPolicy

from .tables import StoredSecret, operational_event

_secrets_encoder = msgspec.msgpack.Encoder()
_secrets_decoder = msgspec.msgpack.Decoder(tuple[StoredSecret, ...])


def application_of(row: RowMapping) -> Application:
    """The entity of a row of `applications`."""
    return Application(**row)


def application_values(application: Application) -> dict[str, Any]:
    """The columns of an application."""
    return _values(application)


def endpoint_of(row: RowMapping) -> Endpoint:
    """The entity of a row of `endpoints`."""
    values = dict(row)
    secrets = _secrets_decoder.decode(values.pop("secrets"))
    expire_at = tuple(secret.expires_at for secret in secrets)
    return Endpoint(
        **values,
        sealed_secrets=tuple(secret.sealed for secret in secrets),
        secrets_expire_at=expire_at if any(expire_at) else (),
    )


def endpoint_values(endpoint: Endpoint) -> dict[str, Any]:
    """The columns of an endpoint."""
    values = _values(endpoint)
    sealed_secrets = values.pop("sealed_secrets")
    expire_at = values.pop("secrets_expire_at") or (0.0,) * len(sealed_secrets)
    secrets = [StoredSecret(*each) for each in zip(sealed_secrets, expire_at, strict=True)]
    values["secrets"] = _secrets_encoder.encode(secrets)
    return values


@cache
def emptied_endpoint_values() -> dict[str, Any]:
    """The columns that a deleted endpoint is left with: empty, or the entity's default.

    Ids, times and version are left out, because the tombstone keeps or sets its own. Deriving
    the rest from the entity makes sure that no column added later survives a deletion.
    """
    empty = Endpoint(
        id=b"",
        tenant_id=b"",
        application_id=b"",
        uid=None,
        url="",
        description="",
        disabled=True,
        throttle_rate=None,
        event_types=None,
        channels=None,
        metadata={},
        sealed_secrets=(),
        created_at=datetime.min,  # noqa: DTZ901 - left out below
        updated_at=datetime.min,  # noqa: DTZ901 - left out below
        deleted=True,
    )
    kept = {"id", "tenant_id", "application_id", "created_at", "updated_at", "version"}
    values = endpoint_values(empty)
    return {name: value for name, value in values.items() if name not in kept}


def event_type_of(row: RowMapping) -> EventType:
    """The entity of a row of `event_types`."""
    return EventType(**row)


def event_type_values(event_type: EventType) -> dict[str, Any]:
    """The columns of an event type."""
    return _values(event_type)


def tenant_policy_of(row: RowMapping | None) -> TenantPolicy:
    """The policy of a row of `tenant_policy`; without a row, one that leaves all to the
    platform."""
    if row is None:
        return TenantPolicy()
    return TenantPolicy(**{name: row[name] for name in TenantPolicy.__slots__})


def tenant_policy_values(policy: TenantPolicy) -> dict[str, Any]:
    """The columns of a policy."""
    return _values(policy)


def operational_event_of(row: RowMapping) -> OperationalEvent:
    """The event of a row of `operational_event`."""
    return OperationalEvent(**row)


def operational_event_values(event: OperationalEvent) -> dict[str, Any]:
    """The columns of an operational event that this service records."""
    return {name: getattr(event, name) for name in operational_event.c.keys()}  # noqa: SIM118 - no dict


def _values(entity: Any) -> dict[str, Any]:
    return {name: getattr(entity, name) for name in entity.__slots__}

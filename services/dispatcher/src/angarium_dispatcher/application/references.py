"""Reading what a caller wrote to name an object."""

from collections.abc import Mapping
from typing import Any, Protocol

from angarium_contracts.ids import parse_id
from msgspec import UNSET, Struct

from angarium_dispatcher.domain.application import ID_PREFIX as APPLICATION_PREFIX
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import ID_PREFIX as ENDPOINT_PREFIX
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import NotFound

from .configuration_store import Ref


class FindsEndpoints(Protocol):
    """Both a change and the committed reads do."""

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None: ...


class FindsApplications(Protocol):
    """Both a change and the committed reads do."""

    async def find_application(self, tenant_id: bytes, ref: Ref) -> Application | None: ...


def application_ref(text: str) -> Ref:
    """An id, or else a uid. Raises `NotFound` for what looks like an id and is none."""
    return _read(APPLICATION_PREFIX, text, "application")


def endpoint_ref(text: str) -> Ref:
    """As `application_ref`."""
    return _read(ENDPOINT_PREFIX, text, "endpoint")


async def get_application(found_in: FindsApplications, tenant_id: bytes, text: str) -> Application:
    """The tenant's application that `text` names, the operational one too: its endpoints are
    endpoints like others. Raises `NotFound`."""
    application = await found_in.find_application(tenant_id, application_ref(text))
    if application is None:
        raise NotFound("application")
    return application


async def get_endpoint(found_in: FindsEndpoints, application: Application, text: str) -> Endpoint:
    """The application's endpoint that `text` names. Raises `NotFound`."""
    endpoint = await found_in.find_endpoint(application.id, endpoint_ref(text))
    if endpoint is None:
        raise NotFound("endpoint")
    return endpoint


def patched(patch: Struct, *members: str) -> Mapping[str, Any]:
    """Those of `members` that the patch sets."""
    values = {member: getattr(patch, member) for member in members}
    return {member: value for member, value in values.items() if value is not UNSET}


def _read(prefix: str, text: str, kind: str) -> Ref:
    value = parse_id(prefix, text)
    if value is not None:
        return value
    if text.startswith(f"{prefix}_") or "\x00" in text:
        raise NotFound(kind)
    return text

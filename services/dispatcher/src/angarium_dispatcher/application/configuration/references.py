"""Resolving the references by which callers name objects."""

from typing import Protocol

from angarium_contracts.application_kinds import ID_PREFIXES, ApplicationKind, application_id_of
from angarium_contracts.ids import parse_id

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import ID_PREFIX as ENDPOINT_PREFIX
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import NotFound

from .store import Ref


class FindsEndpoints(Protocol):
    """Finds endpoints: a transaction, or the committed reads."""

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None: ...


class FindsApplications(Protocol):
    """Finds applications: a transaction, or the committed reads."""

    async def find_application(
        self, tenant_id: bytes, ref: Ref, kind: str = ApplicationKind.APPLICATION
    ) -> Application | None: ...


def application_ref(text: str, kind: str = ApplicationKind.APPLICATION) -> Ref:
    """Parse an id of any kind, or a uid. Raises `NotFound` for text with an id's prefix that is not
    an id."""
    value = application_id_of(text)
    return _parsed(ID_PREFIXES[ApplicationKind(kind)], text, kind) if value is None else value


def endpoint_ref(text: str) -> Ref:
    """Parse an id or a uid, as `application_ref` does."""
    return _parsed(ENDPOINT_PREFIX, text, "endpoint")


async def get_application(
    applications: FindsApplications, tenant_id: bytes, text: str
) -> Application:
    """The tenant's application that `text` names: by the id one of any kind, by the uid an ordinary
    one. Raises `NotFound`.

    Sources, streams and the operational application are among them, because their endpoints are
    endpoints like others.
    """
    application = await applications.find_application(tenant_id, application_ref(text))
    if application is None:
        raise NotFound("application")
    return application


async def get_endpoint(endpoints: FindsEndpoints, application: Application, text: str) -> Endpoint:
    """The application's endpoint that `text` names. Raises `NotFound`."""
    endpoint = await endpoints.find_endpoint(application.id, endpoint_ref(text))
    if endpoint is None:
        raise NotFound("endpoint")
    return endpoint


def _parsed(prefix: str, text: str, kind: str) -> Ref:
    value = parse_id(prefix, text)
    if value is not None:
        return value
    if text.startswith(f"{prefix}_") or "\x00" in text:
        raise NotFound(kind)
    return text

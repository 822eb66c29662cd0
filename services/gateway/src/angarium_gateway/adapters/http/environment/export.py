"""Export a tenant's configuration."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from angarium_chassis.passphrase_seal import PassphraseSeal, new_salt
from angarium_contracts.configuration import (
    Applications,
    Endpoint,
    EventTypes,
    ListApplications,
    ListEventTypes,
)
from angarium_contracts.queries import Page, Problem, ProblemCode

from angarium_gateway.adapters.http.dependencies import ApiDependencies
from angarium_gateway.adapters.http.endpoint_requests import EndpointRequests
from angarium_gateway.adapters.http.kept_payloads import hours_of_applications, hours_of_event_types
from angarium_gateway.adapters.http.problems import (
    Fault,
    ProblemAnswer,
    Refused,
    invalid,
    refusal,
    unwrap,
)
from angarium_gateway.adapters.http.schemas.applications import ApplicationOut, application_out
from angarium_gateway.adapters.http.schemas.endpoints import endpoint_out
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentEndpoint,
    EnvironmentExportIn,
    EnvironmentOut,
    EnvironmentSealing,
)
from angarium_gateway.adapters.http.schemas.event_types import EventTypeOut, event_type_out
from angarium_gateway.adapters.http.tenant_policy import read_policy
from angarium_gateway.application.tenants.authentication import Caller

from .members import NOT_READ, given_members, plain

VERSION: Final = 1
ENDPOINTS_MAX: Final = 2000
"""An export stops after the application with which it has so many endpoints."""

EVENT_TYPES_MAX: Final = 10_000
ENDPOINTS_OF_ONE_MAX: Final = 100_000
_PAGE: Final = 250
_PUBLIC_KEY: Final = "whpk_"


async def seal_of(passphrase: str, sealing: EnvironmentSealing) -> PassphraseSeal:
    """Derive the key, in a thread. Raises `Refused`."""
    try:
        return await asyncio.to_thread(PassphraseSeal, passphrase, sealing.salt)
    except ValueError:
        message = "`salt` is not that of an export: 16 bytes in base64. Send it as it was exported."
        raise Refused(invalid(Fault(("body", "sealing", "salt"), message))) from None


async def export_environment(
    api: ApiDependencies, caller: Caller, asked: EnvironmentExportIn
) -> EnvironmentOut:
    """The configuration of the caller's tenant. Raises `Refused`."""
    if asked.secrets_passphrase is None:
        return await EnvironmentExport(api, caller).read(asked, None)
    sealing = asked.sealing or EnvironmentSealing(salt=new_salt())
    seal = await seal_of(asked.secrets_passphrase, sealing)
    return await EnvironmentExport(api, caller, seal).read(asked, sealing)


@dataclass(frozen=True, slots=True)
class EnvironmentExport:
    """One export. `seal` encrypts secrets; without it they are left out."""

    api: ApiDependencies
    caller: Caller
    seal: PassphraseSeal | None = None

    async def read(
        self, asked: EnvironmentExportIn, sealing: EnvironmentSealing | None
    ) -> EnvironmentOut:
        """Read everything. `sealing` tells how the key of `seal` is derived."""
        policy = await read_policy(self.api, self.caller.tenant_id)
        event_types = [] if asked.iterator is not None else await self._event_types()
        applications: list[EnvironmentApplication] = []
        endpoints, iterator, done = 0, asked.iterator, False
        while len(applications) < asked.limit and endpoints < ENDPOINTS_MAX and not done:
            # One at a time, so that the export can end after any of them.
            question = ListApplications(self.caller.tenant_id, Page(1, iterator))
            found = unwrap(await self.api.ask_dispatcher(question, Applications))
            for item in found.items:
                hours = await hours_of_applications(self.api, self.caller.tenant_id, [item])
                shown = application_out(item, hours.get(item.id))
                applications.append(await self._application(shown))
                endpoints += len(applications[-1].endpoints)
            iterator, done = found.iterator, found.done
        return EnvironmentOut(
            version=VERSION,
            created_at=datetime.now(UTC),
            event_types=event_types,
            settings=plain(policy),
            connectors=[],
            applications=applications,
            sealing=sealing,
            iterator=iterator,
            done=done,
        )

    async def _event_types(self) -> list[EventTypeOut]:
        """All event types, archived ones too."""
        found: list[EventTypeOut] = []
        iterator, done = None, False
        while not done and len(found) < EVENT_TYPES_MAX:
            question = ListEventTypes(
                tenant_id=self.caller.tenant_id,
                page=Page(_PAGE, iterator),
                include_archived=True,
                with_content=True,
            )
            page = unwrap(await self.api.ask_dispatcher(question, EventTypes))
            hours = await hours_of_event_types(self.api, self.caller.tenant_id, page.items)
            found += [event_type_out(item, hours.get(item.name)) for item in page.items]
            iterator, done = page.iterator, page.done
        if not done:
            raise Refused(too_many_event_types())
        return found

    async def _application(self, shown: ApplicationOut) -> EnvironmentApplication:
        requests = EndpointRequests(self.api, self.caller, shown.id)
        endpoints: list[EnvironmentEndpoint] = []
        iterator, done = None, False
        while not done and len(endpoints) < ENDPOINTS_OF_ONE_MAX:
            page = await requests.list(Page(_PAGE, iterator))
            endpoints += [await self._endpoint(requests, item) for item in page.items]
            iterator, done = page.iterator, page.done
        members = given_members(shown, EnvironmentApplication)
        return msgspec.convert(members | {"endpoints": endpoints}, EnvironmentApplication)

    async def _endpoint(self, requests: EndpointRequests, item: Endpoint) -> EnvironmentEndpoint:
        shown = endpoint_out(item)
        members = given_members(shown, EnvironmentEndpoint)
        left_out = [name for name in NOT_READ if members.pop(name, None) is not None]
        secrets = {} if self.seal is None else await self._secrets(requests, shown.id, self.seal)
        if "sealedSecret" not in secrets:
            left_out.append("secret")
        if self.seal is None and await requests.clear_headers(shown.id):
            left_out.append("headers")
        return msgspec.convert(
            members | secrets | {"leftOut": sorted(left_out)}, EnvironmentEndpoint
        )

    async def _secrets(
        self, requests: EndpointRequests, ref: str, seal: PassphraseSeal
    ) -> dict[str, str]:
        """The secret and the headers, encrypted. A private key cannot be read."""
        sealed = {}
        key = (await requests.secret(ref)).key
        if not key.startswith(_PUBLIC_KEY):
            sealed["sealedSecret"] = seal.close(key, ref)
        headers = await requests.clear_headers(ref)
        if headers:
            sealed["sealedHeaders"] = seal.close(msgspec.json.encode(headers).decode(), ref)
        return sealed


def too_many_event_types() -> ProblemAnswer:
    """409: one answer cannot have them all."""
    return refusal(
        Problem(
            code=ProblemCode.CONFLICT,
            detail=f"The tenant has more than {EVENT_TYPES_MAX} event types, more than an export"
            " may contain. List them with GET /api/v1/event-type.",
        )
    )

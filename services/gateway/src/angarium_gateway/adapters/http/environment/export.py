"""Export a tenant's configuration."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, assert_never

import msgspec
from angarium_chassis.passphrase_seal import PassphraseSeal, new_salt
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    Application,
    Applications,
    ApplicationSaved,
    Endpoint,
    EventTypes,
    GetApplication,
    ListApplications,
    ListEventTypes,
)
from angarium_contracts.ids import APPLICATION, SOURCE, format_id
from angarium_contracts.queries import Page, Problem, ProblemCode

from angarium_gateway.adapters.http.dependencies import ApiDependencies
from angarium_gateway.adapters.http.endpoint_requests import EndpointRequests
from angarium_gateway.adapters.http.kept_payloads import hours_of_applications, hours_of_event_types
from angarium_gateway.adapters.http.operational_webhooks import operational_requests
from angarium_gateway.adapters.http.problems import (
    Fault,
    ProblemAnswer,
    Refused,
    invalid,
    refusal,
    unwrap,
)
from angarium_gateway.adapters.http.schemas.applications import application_out
from angarium_gateway.adapters.http.schemas.endpoints import endpoint_out
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentEndpoint,
    EnvironmentExportIn,
    EnvironmentOperationalEndpoint,
    EnvironmentOut,
    EnvironmentSealing,
    EnvironmentSource,
    EnvironmentStream,
)
from angarium_gateway.adapters.http.schemas.event_types import EventTypeOut, event_type_out
from angarium_gateway.adapters.http.schemas.ingest import IngestSourceConfigIn, source_out
from angarium_gateway.adapters.http.schemas.operational_webhooks import operational_endpoint_out
from angarium_gateway.adapters.http.schemas.sinks import is_polled
from angarium_gateway.adapters.http.schemas.streams import stream_out
from angarium_gateway.adapters.http.tenant_policy import read_policy
from angarium_gateway.application.ingest.sources import config_text
from angarium_gateway.application.tenants.authentication import Caller

from .members import NOT_READ, given_members, plain
from .positions import ExportPosition, position_of

VERSION: Final = 1
ENDPOINTS_MAX: Final = 2000
"""An export stops after the object with which it has so many endpoints."""

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
        first = asked.iterator is None
        exported: dict[ApplicationKind, list[Any]] = {kind: [] for kind in ApplicationKind}
        objects = endpoints = 0
        position: ExportPosition | None = position_of(asked.iterator)
        while position is not None:
            # One at a time, so that the export can end after any of them.
            page = Page(1, position.iterator)
            question = ListApplications(self.caller.tenant_id, page, kind=position.kind)
            found = unwrap(await self.api.ask_dispatcher(question, Applications))
            if found.items and (objects >= asked.limit or endpoints >= ENDPOINTS_MAX):
                break
            for item in found.items:
                one = await self._object(position.kind, item)
                exported[position.kind].append(one)
                objects, endpoints = objects + 1, endpoints + len(one.endpoints)
            position = position.following(found.iterator, done=found.done)
        return EnvironmentOut(
            version=VERSION,
            created_at=datetime.now(UTC),
            event_types=await self._event_types() if first else [],
            settings=plain(policy),
            connectors=[],
            applications=exported[ApplicationKind.APPLICATION],
            sources=exported[ApplicationKind.SOURCE],
            streams=exported[ApplicationKind.STREAM],
            operational_endpoints=await self._operational_endpoints() if first else [],
            sealing=sealing,
            iterator=None if position is None else position.text(),
            done=position is None,
        )

    async def _object(
        self, kind: ApplicationKind, item: Application
    ) -> EnvironmentApplication | EnvironmentSource | EnvironmentStream:
        """An application, source or stream with its endpoints."""
        requests = EndpointRequests(self.api, self.caller, format_id(APPLICATION, item.id))
        match kind:
            case ApplicationKind.APPLICATION:
                hours = await hours_of_applications(self.api, self.caller.tenant_id, [item])
                shown = application_out(item, hours.get(item.id))
                endpoints = await self._endpoints(requests)
                members = given_members(shown, EnvironmentApplication)
                return msgspec.convert(members | {"endpoints": endpoints}, EnvironmentApplication)
            case ApplicationKind.SOURCE:
                members = given_members(source_out(item, None), EnvironmentSource)
                members |= await self._source_config(item)
                members["endpoints"] = await self._endpoints(requests)
                return msgspec.convert(members, EnvironmentSource)
            case ApplicationKind.STREAM:
                members = given_members(stream_out(item), EnvironmentStream)
                members["endpoints"] = await self._endpoints(requests)
                return msgspec.convert(members, EnvironmentStream)
            case _:
                assert_never(kind)

    async def _source_config(self, item: Application) -> dict[str, Any]:
        """The configuration of a source: encrypted, or only what is not secret."""
        question = GetApplication(
            self.caller.tenant_id, format_id(APPLICATION, item.id), ApplicationKind.SOURCE
        )
        saved = unwrap(await self.api.ask_dispatcher(question, ApplicationSaved))
        config = self.api.source_secrets.config_of(saved.state)
        if isinstance(config, Problem):
            raise Refused(refusal(config))
        if self.seal is not None:
            sealed = self.seal.close(config_text(config), format_id(SOURCE, item.id))
            return {"sealedConfig": sealed, "leftOut": []}
        secrets = {"secret": config.secret, "verifyToken": config.verify_token}
        return {
            "config": IngestSourceConfigIn(timestamp_grace_seconds=config.timestamp_grace_seconds),
            "leftOut": sorted(name for name, value in secrets.items() if value is not None),
        }

    async def _operational_endpoints(self) -> list[EnvironmentOperationalEndpoint]:
        requests = operational_requests(self.api, self.caller)
        found: list[EnvironmentOperationalEndpoint] = []
        async for item in self._listed(requests):
            shown = operational_endpoint_out(item)
            members = given_members(shown, EnvironmentOperationalEndpoint)
            members |= await self._secret_members(requests, shown.id)
            found.append(msgspec.convert(members, EnvironmentOperationalEndpoint))
        return found

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

    async def _endpoints(self, requests: EndpointRequests) -> list[EnvironmentEndpoint]:
        found: list[EnvironmentEndpoint] = []
        async for item in self._listed(requests):
            shown = endpoint_out(item)
            members = given_members(shown, EnvironmentEndpoint)
            left_out = [name for name in NOT_READ if members.pop(name, None) is not None]
            if is_polled(item):
                # Nothing is sent to it: an import with a secret would be refused.
                members["leftOut"] = []
            else:
                members |= await self._secret_members(requests, shown.id, *left_out)
            found.append(msgspec.convert(members, EnvironmentEndpoint))
        return found

    async def _listed(self, requests: EndpointRequests) -> AsyncIterator[Endpoint]:
        """All endpoints of an application, at most ENDPOINTS_OF_ONE_MAX."""
        iterator, done, count = None, False, 0
        while not done and count < ENDPOINTS_OF_ONE_MAX:
            page = await requests.list(Page(_PAGE, iterator))
            for item in page.items:
                yield item
            iterator, done, count = page.iterator, page.done, count + len(page.items)

    async def _secret_members(
        self, requests: EndpointRequests, ref: str, *left_out: str
    ) -> dict[str, Any]:
        """The members of an endpoint's secrets, and all that are left out."""
        missing = list(left_out)
        secrets = {} if self.seal is None else await self._secrets(requests, ref, self.seal)
        if "sealedSecret" not in secrets:
            missing.append("secret")
        if self.seal is None and await requests.clear_headers(ref):
            missing.append("headers")
        return secrets | {"leftOut": sorted(missing)}

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

"""Requests about streams."""

from dataclasses import dataclass
from typing import Annotated, Final

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    Application,
    ApplicationDeleted,
    Applications,
    ApplicationSaved,
    CreateApplication,
    DeleteApplication,
    GetApplication,
    ListApplications,
    PatchApplication,
    UpdateApplication,
)
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from litestar.di import NamedDependency
from litestar.params import PathParameter, SkipValidation

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, ApiDependencies, CurrentCaller
from .endpoint_requests import EndpointRequests
from .noted_changes import note_change
from .parameters import NAME_CHARS_MAX
from .problems import Fault, Refused, invalid, refusal, unwrap
from .schemas.fields import NAME_PATTERN
from .schemas.streams import POLLED, PUSHED, StreamIn, StreamOut, StreamPatch, stream_out
from .sink_requests import SinkKinds, SinkRequests

KINDS: Final = SinkKinds("sink", POLLED, PUSHED)
_KIND: Final = ApplicationKind.STREAM

StreamRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The stream's id or uid."
    ),
]
SinkRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The sink's id or uid."
    ),
]


@dataclass(frozen=True, slots=True)
class StreamRequests:
    """The requests of one caller about streams. Every method raises `Refused`."""

    api: ApiDependencies
    caller: Caller

    async def list(self, page: Page) -> Applications:
        """A page of the streams."""
        question = ListApplications(self._tenant_id, page, kind=_KIND)
        return unwrap(await self.api.ask_dispatcher(question, Applications))

    async def create(self, data: StreamIn) -> StreamOut:
        """Create a stream."""
        return _noted(await self._created(data, data.uid))

    async def get(self, ref: str) -> Application:
        """The application that a stream is."""
        question = GetApplication(self._tenant_id, ref, _KIND)
        return unwrap(await self.api.ask_dispatcher(question, ApplicationSaved)).application

    async def replace(self, ref: str, data: StreamIn) -> tuple[StreamOut, bool]:
        """Replace a stream, or create it under a uid. True if it was created."""
        command = UpdateApplication(
            tenant_id=self._tenant_id,
            ref=ref,
            name=data.name,
            uid=data.uid,
            metadata=data.metadata or {},
            applications_max=self.caller.tenant.applications_max,
            kind=_KIND,
        )
        saved = unwrap(await self.api.change_configuration(command, ApplicationSaved))
        return _noted(saved), saved.created

    async def patch(self, ref: str, data: StreamPatch) -> StreamOut:
        """Change the members that are given."""
        command = PatchApplication(
            tenant_id=self._tenant_id,
            ref=ref,
            name=data.name,
            uid=data.uid,
            metadata={} if data.metadata is None else data.metadata,
            kind=_KIND,
        )
        return _noted(unwrap(await self.api.change_configuration(command, ApplicationSaved)))

    async def delete(self, ref: str) -> None:
        """Delete a stream with its sinks."""
        command = DeleteApplication(self._tenant_id, ref, kind=_KIND)
        deleted = unwrap(await self.api.change_configuration(command, ApplicationDeleted))
        note_change(None if deleted.before is None else stream_out(deleted.before), None)

    async def application_ref(self, ref: str, brought: StreamIn | None = None) -> str:
        """The id of the application that a stream is. A missing stream is created if the request
        brings it."""
        found = await self.api.directory.find_stream(self._tenant_id, ref)
        absent = isinstance(found, Problem) and found.code is ProblemCode.NOT_FOUND
        if absent and brought is not None:
            if brought.uid not in (None, ref):
                message = f"`uid` must be the uid in the path, `{ref}`, or be left out."
                raise Refused(invalid(Fault(("body", "stream", "uid"), message)))
            found = (await self._created(brought, ref, get_if_exists=True)).state
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        return format_id(APPLICATION, found.id)

    async def _created(
        self, data: StreamIn, uid: str | None, *, get_if_exists: bool = False
    ) -> ApplicationSaved:
        command = CreateApplication(
            tenant_id=self._tenant_id,
            name=data.name,
            uid=uid,
            metadata=data.metadata or {},
            get_if_exists=get_if_exists,
            applications_max=self.caller.tenant.applications_max,
            kind=_KIND,
        )
        return unwrap(await self.api.change_configuration(command, ApplicationSaved))

    @property
    def _tenant_id(self) -> bytes:
        return self.caller.tenant_id


async def provide_sinks(api: Api, caller: CurrentCaller, stream_id: StreamRef) -> SinkRequests:
    """The requests about the sinks of the stream that the path names. Raises `Refused`."""
    ref = await StreamRequests(api, caller).application_ref(stream_id)
    return SinkRequests(EndpointRequests(api, caller, ref), KINDS)


Sinks = NamedDependency[SkipValidation[SinkRequests]]


def _noted(saved: ApplicationSaved) -> StreamOut:
    after = stream_out(saved.application)
    note_change(None if saved.before is None else stream_out(saved.before), after)
    return after

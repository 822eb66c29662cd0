"""Requests about endpoints as destinations of an application or sinks of a stream."""

from dataclasses import dataclass

from angarium_contracts.configuration import Endpoint, Endpoints, EndpointSaved
from angarium_contracts.ids import ENDPOINT, format_id, parse_id
from angarium_contracts.polling import POLL_URL
from angarium_contracts.queries import Page

from .endpoint_requests import EndpointRequests
from .problems import Fault, ProblemAnswer, Refused, invalid, problem_answer
from .schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointHeadersOut,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)
from .schemas.endpoints import EndpointUpdate
from .schemas.sinks import (
    SinkFieldsIn,
    SinkFieldsPatch,
    changed_endpoint,
    is_polled,
    is_sink,
    new_endpoint,
    replaced_endpoint,
)

NO_HEADERS = EndpointHeadersOut(headers={}, sensitive=[])


@dataclass(frozen=True, slots=True)
class SinkKinds:
    """The API's words: for the kind of object, and for its types."""

    noun: str
    polled: str
    pushed: str


@dataclass(frozen=True, slots=True)
class Sink:
    """An endpoint with the headers that may be shown."""

    endpoint: Endpoint
    headers: EndpointHeadersOut


@dataclass(frozen=True, slots=True)
class SinkRequests:
    """The requests of one caller about the ordered and polled endpoints of one application. Other
    endpoints do not exist here. Every method raises `Refused`."""

    endpoints: EndpointRequests
    kinds: SinkKinds

    async def list(self, page: Page) -> tuple[list[Sink], Endpoints]:
        """A page of them, with their headers."""
        found = await self.endpoints.list(page, only_sinks=True)
        sinks = [Sink(one, self.endpoints.listed_headers(one)) for one in found.items]
        return sinks, found

    async def create(self, kind: str, data: SinkFieldsIn) -> Sink:
        """Create one."""
        url = self._url(kind, data)
        return await self._with_headers(
            await self.endpoints.create(new_endpoint(data, url, data.uid))
        )

    async def get(self, ref: str) -> Sink:
        """The one that `ref` names."""
        return await self._with_headers(await self.existing(ref))

    async def existing(self, ref: str) -> Endpoint:
        """The endpoint that `ref` names."""
        found = await self.endpoints.find(ref)
        if found is None or not is_sink(found):
            raise Refused(self._absent())
        return found

    async def replace(self, ref: str, kind: str, data: SinkFieldsIn) -> tuple[Sink, bool]:
        """Replace one, or create it under a uid. True if it was created."""
        found = await self.endpoints.find(ref)
        if found is None:
            return await self._create_under(ref, kind, data), True
        if not is_sink(found):
            raise Refused(self._not_ordered())
        self._check_kind(kind, found)
        url = self._url(kind, data)
        await self._check_key(data, found)
        saved = await self._replace(ref, replaced_endpoint(data, url, found))
        if data.config.headers is not None:
            await self.endpoints.set_headers(ref, EndpointHeadersIn(headers=data.config.headers))
        return await self._with_headers(saved.endpoint), False

    async def patch(self, ref: str, kind: str, data: SinkFieldsPatch) -> Sink:
        """Change the fields that are given."""
        found = await self.existing(ref)
        self._check_kind(kind, found)
        if is_polled(found) and data.config.url is not None:
            raise Refused(self._nothing_sent("url"))
        return await self._with_headers(
            await self.endpoints.patch(ref, changed_endpoint(data), None)
        )

    async def delete(self, ref: str) -> None:
        """Delete one."""
        await self.existing(ref)
        await self.endpoints.delete(ref, None)

    async def secret(self, ref: str) -> EndpointSecretOut:
        """The key that verifies its webhooks."""
        self._check_pushed(await self.existing(ref))
        return await self.endpoints.secret(ref)

    async def rotate_secret(self, ref: str, data: EndpointSecretRotateIn) -> EndpointSecretOut:
        """Sign with a new secret, which is returned."""
        self._check_pushed(await self.existing(ref))
        await self.endpoints.rotate_secret(ref, data)
        return await self.endpoints.secret(ref)

    async def _create_under(self, ref: str, kind: str, data: SinkFieldsIn) -> Sink:
        if parse_id(ENDPOINT, ref) is not None or ref.startswith(f"{ENDPOINT}_"):
            raise Refused(self._absent())
        if data.uid not in (None, ref):
            message = "`uid` must be the uid in the path, or be left out."
            raise Refused(invalid(Fault(("body", "uid"), message)))
        url = self._url(kind, data)
        return await self._with_headers(await self.endpoints.create(new_endpoint(data, url, ref)))

    async def _replace(self, ref: str, data: EndpointUpdate) -> EndpointSaved:
        return await self.endpoints.update(ref, data, None)

    async def _with_headers(self, endpoint: Endpoint) -> Sink:
        if is_polled(endpoint):
            return Sink(endpoint, NO_HEADERS)
        return Sink(endpoint, await self.endpoints.headers(_id(endpoint)))

    def _url(self, kind: str, data: SinkFieldsIn) -> str:
        """The URL of the endpoint. Refuses what its type does not have."""
        config = data.config
        if kind == self.kinds.polled:
            for name in ("url", "headers", "key"):
                if getattr(config, name) is not None:
                    raise Refused(self._nothing_sent(name))
            return POLL_URL
        if config.url is None:
            message = "`url` is required. Add it."
            raise Refused(invalid(Fault(("body", "config", "url"), message, "value_error.missing")))
        if config.url.lower() == POLL_URL:
            message = f"Give the URL that messages are sent to, or the type `{self.kinds.polled}`."
            raise Refused(invalid(Fault(("body", "config", "url"), message)))
        return config.url

    def _check_kind(self, kind: str, found: Endpoint) -> None:
        has = self.kinds.polled if is_polled(found) else self.kinds.pushed
        if kind != has:
            message = (
                f"The {self.kinds.noun} has the type `{has}`, which cannot be changed. Create"
                " another one."
            )
            raise Refused(invalid(Fault(("body", "type"), message)))

    def _check_pushed(self, found: Endpoint) -> None:
        if is_polled(found):
            detail = (
                f"The {self.kinds.noun} is polled: nothing is signed for it, and it has no secret."
            )
            raise Refused(problem_answer(404, "not_found", "Not found", detail))

    async def _check_key(self, data: SinkFieldsIn, found: Endpoint) -> None:
        """A replacement keeps the secret: only the same one may be given."""
        key = data.config.key
        if key is None:
            return
        current = (await self.endpoints.secret(_id(found))).key
        if key.removeprefix("whsec_") != current.removeprefix("whsec_"):
            message = (
                f"`key` is not the secret that the {self.kinds.noun} has. Leave it out, and rotate"
                " the secret with POST …/secret/rotate."
            )
            raise Refused(invalid(Fault(("body", "config", "key"), message)))

    def _nothing_sent(self, name: str) -> ProblemAnswer:
        message = f"The {self.kinds.noun} is polled: nothing is sent to it. Leave this out."
        return invalid(Fault(("body", "config", name), message))

    def _not_ordered(self) -> ProblemAnswer:
        detail = (
            f"An endpoint with this uid exists, which is no {self.kinds.noun}: its messages are not"
            ' in order. Choose another uid, or change the endpoint with `"ordering": "fifo"`.'
        )
        return problem_answer(409, "conflict", "Conflict", detail)

    def _absent(self) -> ProblemAnswer:
        detail = f"There is no such {self.kinds.noun}. Check its id or uid."
        return problem_answer(404, "not_found", "Not found", detail)


def _id(endpoint: Endpoint) -> str:
    return format_id(ENDPOINT, endpoint.id)

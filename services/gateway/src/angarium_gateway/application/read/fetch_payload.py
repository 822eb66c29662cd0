"""Reading the payload of a thin event by its signed link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_webhooks.fetch_link import read_link

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory

from .messages import MessageJournal


class NoPayload(Enum):
    """Why a link gives no payload."""

    UNKNOWN = "The link is not one that this platform signed, or its message does not exist."
    ENDED = "The link has ended. Resend the message to get a new one."
    EXPUNGED = "The payload was deleted."


@dataclass(frozen=True, slots=True)
class FetchedPayload:
    """A payload as it is sent plain. `content_type` None: application/json."""

    payload: bytes
    content_type: str | None


class FetchPayload:
    """Reads payloads. A link is genuine under any of `keys`; `now` gives aware times."""

    def __init__(
        self,
        directory: ApplicationDirectory,
        journal: MessageJournal,
        keys: Sequence[bytes],
        now: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._keys = tuple(keys)
        self._now = now

    async def __call__(self, token: str) -> FetchedPayload | NoPayload | Problem:
        """The payload that the link's last segment stands for, or a problem of the dispatcher.
        Nothing is read for a link that is not signed or has ended."""
        read = (read_link(key, token) for key in self._keys)
        grant = next((each for each in read if each is not None), None)
        if grant is None:
            return NoPayload.UNKNOWN
        if self._now().timestamp() >= grant.ends_s:
            return NoPayload.ENDED
        application_id = grant.application_id
        application = await self._directory.find(
            grant.tenant_id, format_id(APPLICATION, application_id)
        )
        if isinstance(application, Problem):
            unknown = application.code is ProblemCode.NOT_FOUND
            return NoPayload.UNKNOWN if unknown else application
        ids = (grant.message_id,)
        found = await self._journal.find_many(application_id, ids, with_content=True)
        message = found.get(grant.message_id)
        if message is None:
            return NoPayload.UNKNOWN
        if message.expunged or message.payload is None:
            return NoPayload.EXPUNGED
        return FetchedPayload(message.payload, message.content_type)

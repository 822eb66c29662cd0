"""Accept a message: find its application, commit it, and only then answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from angarium_chassis.group_commit import GroupCommit, Overloaded
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode
from msgspec import Struct

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.digests import key_digest
from angarium_gateway.domain.messages import (
    CommitOutcome,
    Committed,
    EventTaken,
    KeyTaken,
    NewMessage,
)

from .accept_counters import AcceptCounters
from .journal import Journal
from .tenant_turns import TenantOverloaded


class Draft(Struct, frozen=True, gc=False):
    """A well-formed message as the client posted it, to be sent at once or at `deliver_at`."""

    event_type: str
    payload: bytes
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    event_id: str | None = None
    key: str | None = None
    request_digest: bytes | None = None
    trace: str | None = None
    deliver_at: datetime | None = None
    content_type: str | None = None
    payload_expires_at: datetime | None = None


class Accepted(Struct, frozen=True, gc=False):
    """The message is in the journal, stored by this request or by an earlier one with the same
    idempotency key."""

    message: NewMessage


@dataclass(frozen=True, slots=True)
class EventIdTaken:
    """The application has another message with this `eventId`. This one is not delivered."""

    event_id: str


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """The request was accepted before under its idempotency key, and its message was deleted
    since."""


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The idempotency key was used with another request."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The commit failed or its result is unknown; the client should try again. `by_tenant`: too
    many messages of its own tenant wait."""

    reason: str
    by_tenant: bool = False


type AcceptOutcome = Accepted | EventIdTaken | MessageDeleted | KeyReused | Busy | Problem


class CreateMissing(Protocol):
    """Creates the application that a message contains."""

    def __call__(self) -> Awaitable[ApplicationState | Problem]:
        """The application, new or existing."""


class AcceptMessage:
    """Accepts messages (POST /app/{app_id}/msg). Scheduled messages go through the group commit
    `scheduled`, which opens no batch."""

    def __init__(
        self,
        directory: ApplicationDirectory,
        journal: Journal,
        commits: GroupCommit[NewMessage, CommitOutcome],
        make_id: Callable[[], bytes],
        scheduled: GroupCommit[NewMessage, CommitOutcome],
        counters: AcceptCounters,
    ) -> None:
        self._counters = counters
        self._directory = directory
        self._journal = journal
        self._commits = commits
        self._make_id = make_id
        self._scheduled = scheduled

    async def __call__(
        self,
        tenant_id: bytes,
        application_ref: str,
        draft: Draft,
        create_missing: CreateMissing | None = None,
    ) -> AcceptOutcome:
        """Accept a draft for the application that `application_ref` (id or uid) names."""
        application = self._directory.remembered(tenant_id, application_ref)
        if application is None:
            try:
                found = await self._find(tenant_id, application_ref, create_missing)
            except JournalUnavailable:
                return Busy("The database is not reachable.")
            if isinstance(found, Problem):
                return found
            application = found
        return await self._commit(new_message(self._make_id(), tenant_id, application.id, draft))

    async def _find(
        self, tenant_id: bytes, application_ref: str, create_missing: CreateMissing | None
    ) -> ApplicationState | Problem:
        return await find_or_create(self._directory, tenant_id, application_ref, create_missing)

    async def _commit(self, message: NewMessage) -> AcceptOutcome:
        commits = self._commits if message.deliver_at is None else self._scheduled
        try:
            outcome = await commits.submit(message, message.size_bytes)
            match outcome:
                case Committed():
                    return Accepted(message)
                case EventTaken():
                    return EventIdTaken(message.event_id or "")
                case KeyTaken():
                    return await self._replay(message)
                case _:
                    assert_never(outcome)
        except Overloaded as error:
            return overloaded(error)
        except JournalUnavailable:
            return Busy("The database is not reachable.")

    async def _replay(self, message: NewMessage) -> AcceptOutcome:
        outcome = await outcome_of_key(self._journal, message)
        if isinstance(outcome, Accepted):
            self._counters.replayed += 1
        return outcome


def overloaded(error: Overloaded) -> Busy:
    """The outcome of messages that cannot wait for a commit."""
    if isinstance(error, TenantOverloaded):
        return Busy("Too many messages of your tenant are waiting to be committed.", by_tenant=True)
    return Busy("Too many messages are waiting to be committed.")


def new_message(
    message_id: bytes, tenant_id: bytes, application_id: bytes, draft: Draft
) -> NewMessage:
    """The message of a draft, to be committed."""
    # By position: this takes half the time of naming each member.
    return NewMessage(
        message_id,
        tenant_id,
        application_id,
        draft.event_type,
        draft.payload,
        draft.channels,
        draft.tags,
        draft.event_id,
        None if draft.key is None else key_digest(tenant_id, draft.key),
        draft.request_digest,
        draft.trace,
        draft.deliver_at,
        draft.content_type,
        draft.payload_expires_at,
    )


async def find_or_create(
    directory: ApplicationDirectory,
    tenant_id: bytes,
    application_ref: str,
    create_missing: CreateMissing | None,
) -> ApplicationState | Problem:
    """The application, created if there is none and `create_missing` is given. Raises
    `JournalUnavailable`."""
    found = await directory.find(tenant_id, application_ref)
    if (
        create_missing is not None
        and isinstance(found, Problem)
        and found.code is ProblemCode.NOT_FOUND
    ):
        return await create_missing()
    return found


async def outcome_of_key(journal: Journal, message: NewMessage) -> AcceptOutcome:
    """The outcome of a message whose idempotency key is taken, by the request that took it. Raises
    `JournalUnavailable`."""
    if message.key_digest is None:
        raise ValueError("only a message with a key can find it taken")
    earlier = await journal.earlier(message.key_digest)
    if earlier is None:
        return Busy("The idempotency key expired during this request.")
    if earlier.request_digest != message.request_digest:
        return KeyReused()
    if earlier.message is None:
        return MessageDeleted() if message.event_id is None else EventIdTaken(message.event_id)
    return Accepted(earlier.message)

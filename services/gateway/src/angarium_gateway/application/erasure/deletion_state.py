"""The state of a background task that deletes content, recorded with its progress."""

from typing import Final

import msgspec

from angarium_gateway.domain.background_tasks import TaskProgress


class WaitingMessage(msgspec.Struct, frozen=True, array_like=True):
    """A message that is deleted later, once its deliveries have ended."""

    application_id: bytes
    id: bytes


class DeletionState(msgspec.Struct, frozen=True, omit_defaults=True):
    """`application_id`: the application being searched. `searched`: all applications are done, and
    only the `waiting` messages are left. `event_claims`: eventIds deleted; `operational`:
    operational messages deleted. `receipt`: JSON, once an erasure has ended."""

    application_id: bytes | None = None
    searched: bool = False
    waiting: tuple[WaitingMessage, ...] = ()
    event_claims: int = 0
    operational: int = 0
    receipt: str | None = None


_decoder: Final = msgspec.json.Decoder(DeletionState)


def deletion_state(progress: TaskProgress) -> DeletionState:
    """The state that a task's progress has."""
    return DeletionState() if progress.result is None else _decoder.decode(progress.result)


def encoded(state: DeletionState) -> str:
    """The state as `TaskProgress.result`."""
    return msgspec.json.encode(state).decode()

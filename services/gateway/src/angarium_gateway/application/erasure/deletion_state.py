"""The state of a background task that deletes content, recorded with its progress."""

from typing import Final

import msgspec
from angarium_contracts.metadata_members import ApplicationPosition

from angarium_gateway.domain.background_tasks import TaskProgress


class WaitingMessage(msgspec.Struct, frozen=True, array_like=True):
    """A message that is deleted later, once its deliveries have ended."""

    application_id: bytes
    id: bytes


class DeletionState(msgspec.Struct, frozen=True, omit_defaults=True):
    """`application_id`: the application being searched. `searched`: all applications are done, and
    only the `waiting` messages are left. `event_claims`: eventIds deleted; `operational`:
    operational messages deleted; `attempts` and `pending_deliveries`: rows of the worker;
    `applications`: rows of the dispatcher. `receipt`: JSON, once an erasure has ended.

    Of a subject in metadata, `named` are applications found but not searched yet, up to the
    position `looked_to`; `all_found`: there are no others."""

    application_id: bytes | None = None
    searched: bool = False
    waiting: tuple[WaitingMessage, ...] = ()
    event_claims: int = 0
    operational: int = 0
    receipt: str | None = None
    attempts: int = 0
    pending_deliveries: int = 0
    applications: int = 0
    named: tuple[bytes, ...] = ()
    looked_to: ApplicationPosition | None = None
    all_found: bool = False


_decoder: Final = msgspec.json.Decoder(DeletionState)


def deletion_state(progress: TaskProgress) -> DeletionState:
    """The state that a task's progress has."""
    return DeletionState() if progress.result is None else _decoder.decode(progress.result)


def encoded(state: DeletionState) -> str:
    """The state as `TaskProgress.result`."""
    return msgspec.json.encode(state).decode()

"""A service of the platform that breaks at a named step: what the suite starts in its place.

    FAULT_STEPS="record.before:3=kill,send.before:10+=slow" python faulty_service.py worker

Each part is `step:count=action`: the action happens when the step is passed for the count-th
time, with `+` every time from then on. Actions: `kill` (SIGKILL to itself), `stop` (SIGSTOP),
`raise` (an error nobody expects), `slow` (half a second passes first). Production code knows
nothing of it: the steps are methods, wrapped here before the service starts. A step whose method
is gone fails the start.
"""

import asyncio
import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

SLOW_S = 0.5

_METHODS = {
    "gateway": {
        "commit": "angarium_gateway.adapters.database.postgres_journal:PostgresJournal.commit",
        "publish": "angarium_gateway.adapters.streams.batch_publisher:BatchPublisher.__call__",
        "settle": "angarium_gateway.adapters.database.batches:BatchTable.close",
    },
    "dispatcher": {
        "read": "angarium_dispatcher.adapters.streams.dispatch_batches:BatchDispatch.__call__",
        # One MULTI publishes the chunks and acknowledges the batch.
        "publish": "angarium_chassis.streams.writer:StreamWriter.write",
    },
    "worker": {
        "read": "angarium_worker.application.delivery.deliver_chunk:DeliverChunk.take",
        "send": "angarium_worker.adapters.destinations.webhook.webhook_sender:WebhookSender.post",
        "record": "angarium_worker.adapters.database.postgres.ledger:PostgresLedger.record",
        "lease": "angarium_worker.adapters.database.postgres.ledger:PostgresLedger.lease_due",
        # One MULTI publishes the settlement and acknowledges the chunk.
        "settle": "angarium_chassis.streams.writer:StreamWriter.write",
    },
}

STEPS = {
    service: tuple(f"{name}.{side}" for name in methods for side in ("before", "after"))
    for service, methods in _METHODS.items()
}
"""The named steps of each service."""


class InjectedBug(Exception):
    """An error that no code expects."""


class _Step:
    """Counts how often it was passed, and acts when its time has come."""

    def __init__(self, at: int, always: bool, action: str) -> None:
        self._left = at
        self._always = always
        self._action = action

    def __call__(self) -> float:
        """Act now; gives how long to wait, in seconds."""
        self._left -= 1
        if self._left > 0 or (self._left < 0 and not self._always):
            return 0.0
        match self._action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "raise":
                raise InjectedBug("injected by the fault suite")
            case "slow":
                return SLOW_S
            case unknown:
                raise ValueError(f"no such action: {unknown}")
        return 0.0


def _pass() -> float:
    return 0.0


def _wrap(method: Any, before: Callable[[], float], after: Callable[[], float]) -> Any:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def broken_async(*arguments: Any, **named: Any) -> Any:
            await asyncio.sleep(before())
            found = await method(*arguments, **named)
            await asyncio.sleep(after())
            return found

        return broken_async

    @functools.wraps(method)
    def broken(*arguments: Any, **named: Any) -> Any:
        before()
        found = method(*arguments, **named)
        after()
        return found

    return broken


def arm(service: str, text: str) -> None:
    """Wrap the methods of the steps in `text` (see the module)."""
    steps: dict[str, _Step] = {}
    for part in filter(None, text.split(",")):
        name, _, rest = part.partition(":")
        at, _, action = rest.partition("=")
        steps[name] = _Step(int(at.rstrip("+")), at.endswith("+"), action)
    for method_name in {name.partition(".")[0] for name in steps}:
        module_name, _, path = _METHODS[service][method_name].partition(":")
        class_name, _, attribute = path.partition(".")
        owner = getattr(importlib.import_module(module_name), class_name)
        wrapped = _wrap(
            getattr(owner, attribute),
            steps.get(f"{method_name}.before", _pass),
            steps.get(f"{method_name}.after", _pass),
        )
        setattr(owner, attribute, wrapped)


def main() -> None:
    service = sys.argv[1]
    arm(service, os.environ.get("FAULT_STEPS", ""))
    start: Callable[[], Awaitable[None] | None] = importlib.import_module(
        f"angarium_{service}.main"
    ).main
    start()


if __name__ == "__main__":
    main()

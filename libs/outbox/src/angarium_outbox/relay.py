"""The relay: posts committed events to Angarium until each has ended."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_outbox.counters import RelayCounters
from angarium_outbox.database_failures import DATABASE_FAILURES, reason_of
from angarium_outbox.leases import Leases
from angarium_outbox.maintenance import Maintenance
from angarium_outbox.posting import Poster
from angarium_outbox.sender import Sender
from angarium_outbox.settings import RelaySettings
from angarium_outbox.store import OutboxStore
from angarium_outbox.wake import Listener, WakeSignal

_GIVE_UP_S: Final = 5.0
_random = secrets.SystemRandom()
_logger = logging.getLogger("angarium_outbox")


class Relay:
    """Posts the events of the database of `engine`, an asynchronous engine of SQLAlchemy.

    Any number of relays may run, in processes of their own or inside the producer:

        async with Relay(engine, RelaySettings(api_url=…, api_key=…)):
            …

    Leaving the block lets requests in flight end, and records what they answer. `http` replaces the
    client that the relay opens; it needs the base URL and the API key.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        settings: RelaySettings,
        *,
        http: httpx.AsyncClient | None = None,
        random: Callable[[], float] = _random.random,
    ) -> None:
        self._settings = settings
        self._given_http = http
        self._random = random
        self._store = OutboxStore(engine)
        self._leases = Leases(engine, secrets.token_hex(8), lease_s=settings.lease_s)
        self._signals = [WakeSignal() for _ in range(settings.senders)]
        self._listener = Listener(engine, self._signals)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.counters = RelayCounters()

    async def __aenter__(self) -> Self:
        """Start it in the background."""
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it. Raises what ended it before, if anything did."""
        self.stop()
        if self._task is not None:
            await self._task

    def stop(self) -> None:
        """Have `run` end once the requests in flight have ended."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look for events now. Useful after a commit where the database cannot notify."""
        for signal in self._signals:
            signal.notify()

    async def run(self) -> None:
        """Post events until `stop` is called. Faults of the database and of Angarium are waited
        out, and logged."""
        settings = self._settings
        http = self._given_http or httpx.AsyncClient(
            base_url=settings.api_url.rstrip("/"),
            headers={"authorization": f"Bearer {settings.api_key}"},
            timeout=settings.request_timeout_s,
        )
        try:
            poster = Poster(http, self.counters, timeout_s=settings.request_timeout_s)
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(self._keep_leases()),
                    tasks.create_task(self._listener.run()),
                    tasks.create_task(Maintenance(self._store, settings, self.counters).run()),
                ]
                async with asyncio.TaskGroup() as senders:
                    for number, signal in enumerate(self._signals):
                        sender = Sender(
                            self._store,
                            self._leases,
                            poster,
                            settings,
                            self.counters,
                            signal,
                            number=number,
                            stopping=self._stopping,
                            random=self._random,
                        )
                        senders.create_task(sender.run())
                for task in background:
                    task.cancel()
            await self._give_up()
        except Exception:
            # The caller may look at the task only at its end.
            _logger.exception("the relay has ended")
            raise
        finally:
            if self._given_http is None:
                await http.aclose()

    async def _keep_leases(self) -> None:
        prepared = False
        while True:
            try:
                if not prepared:
                    await self._leases.prepare()
                    prepared = True
                before = self._leases.lanes
                await self._leases.renew()
            except DATABASE_FAILURES as error:
                _logger.warning("cannot renew leases: %s", reason_of(error))
            else:
                self.counters.lanes = len(self._leases.lanes)
                if not self._leases.lanes <= before:
                    self.wake()
            await asyncio.sleep(self._settings.lease_s / 4)

    async def _give_up(self) -> None:
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                await self._leases.give_up()
        except DATABASE_FAILURES as error:
            reason = reason_of(error)
            _logger.warning("cannot give up leases, they run out by themselves: %s", reason)

"""Shares the lanes among the relays that run, by leases in the database.

Leases only spare relays from posting the same events. The order of keys and "accepted once" hold
without them: an event is posted after its key's earlier events have ended, and Angarium knows an
event that is posted twice by its event id.
"""

import time
from collections.abc import Callable, Collection
from typing import Final

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from angarium_outbox.database_clock import now_ms
from angarium_outbox.event import LANES
from angarium_outbox.tables import lease

_RELAY: Final = "relay:"
_LANE: Final = "lane:"
_NOBODY: Final = ""


def share_of(relay: str, relays: Collection[str]) -> set[int]:
    """The lanes that a relay is to have beside the others, itself among them. Pure."""
    ordered = sorted(relays)
    # Neighbours, as the senders of a relay divide its lanes by their remainders.
    return {lane for lane in range(LANES) if ordered[lane * len(ordered) // LANES] == relay}


class Leases:
    """The lanes of one relay."""

    def __init__(
        self,
        engine: AsyncEngine,
        relay: str,
        *,
        lease_s: float,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._now_ms = now_ms(engine.dialect)
        self._relay = relay
        self._lease_s = lease_s
        self._clock_s = clock_s
        self._lanes: frozenset[int] = frozenset()
        self._until_s = 0.0

    @property
    def lanes(self) -> frozenset[int]:
        """The lanes that this relay has at the moment; none once it failed to renew its leases."""
        return self._lanes if self._clock_s() < self._until_s else frozenset()

    async def prepare(self) -> None:
        """Add the rows of the lanes that are missing. Raises SQLAlchemy's errors."""
        names = {f"{_LANE}{number}" for number in range(LANES)}
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(lease.c.name))
            missing = names - {row.name for row in rows}
        for name in sorted(missing):
            await self._insert(name, _NOBODY, 0)

    async def renew(self) -> None:
        """Renew the leases of this relay's share, take those that are free, and give up others.
        Raises SQLAlchemy's errors; the leases then run out."""
        began_s = self._clock_s()
        await self._sign_on()
        async with self._engine.begin() as connection:
            at_ms, until_ms = await self._times(connection)
            rows = await connection.execute(
                select(lease.c.name).where(
                    lease.c.name.startswith(_RELAY), lease.c.until_ms > at_ms
                )
            )
            relays = {row.name.removeprefix(_RELAY) for row in rows} | {self._relay}
            share = share_of(self._relay, relays)
            # Before others can take them.
            self._lanes &= share
            wanted = [f"{_LANE}{number}" for number in share]
            await connection.execute(
                update(lease)
                .where(lease.c.owner == self._relay, lease.c.name.not_in(wanted))
                .values(owner=_NOBODY, until_ms=0)
            )
            free = or_(lease.c.owner.in_([self._relay, _NOBODY]), lease.c.until_ms <= at_ms)
            await connection.execute(
                update(lease)
                .where(lease.c.name.in_(wanted), free)
                .values(owner=self._relay, until_ms=until_ms)
            )
            mine = await connection.execute(
                select(lease.c.name).where(lease.c.owner == self._relay)
            )
            lanes = frozenset(int(row.name.removeprefix(_LANE)) for row in mine)
            await connection.execute(
                delete(lease).where(lease.c.name.startswith(_RELAY), lease.c.until_ms <= at_ms)
            )
        self._lanes, self._until_s = lanes, began_s + self._lease_s

    async def give_up(self) -> None:
        """Give up all lanes, so that others can take them at once."""
        self._lanes, self._until_s = frozenset(), 0.0
        async with self._engine.begin() as connection:
            await connection.execute(
                update(lease).where(lease.c.owner == self._relay).values(owner=_NOBODY, until_ms=0)
            )
            await connection.execute(delete(lease).where(lease.c.name == f"{_RELAY}{self._relay}"))

    async def _sign_on(self) -> None:
        """Write that this relay runs."""
        name = f"{_RELAY}{self._relay}"
        async with self._engine.begin() as connection:
            _, until_ms = await self._times(connection)
            done = await connection.execute(
                update(lease).where(lease.c.name == name).values(until_ms=until_ms)
            )
        if not done.rowcount:
            await self._insert(name, _NOBODY, until_ms)

    async def _times(self, connection: AsyncConnection) -> tuple[int, int]:
        """Now, and the end of a lease that is renewed now."""
        at_ms = int((await connection.execute(select(self._now_ms))).scalar_one())
        return at_ms, at_ms + int(self._lease_s * 1_000)

    async def _insert(self, name: str, owner: str, until_ms: int) -> None:
        """Insert a row, unless another relay just did."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(
                    insert(lease).values(name=name, owner=owner, until_ms=until_ms)
                )
        except IntegrityError:
            return

"""A shop that announces each paid order exactly once.

    ANGARIUM_URL=http://127.0.0.1:8080 ANGARIUM_KEY=… python orders.py

It stores an order and its event in one transaction, rolls another back, and runs a relay until
Angarium has accepted the event. Needs `angarium-outbox[sqlite]`, and an application `acme`.
"""

import asyncio
import os
import sys

import angarium_outbox as outbox
from angarium_outbox import Relay, RelaySettings
from sqlalchemy import String
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ACCEPTED_WITHIN_S = 30


class Base(DeclarativeBase):
    """Tables of the shop."""


class Order(Base):
    """A paid order."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    cents: Mapped[int]


class CardRefused(Exception):
    """The order cannot be paid."""


async def pay(engine: AsyncEngine, order_id: str, cents: int, *, refused: bool = False) -> None:
    """Store an order and announce it, both or neither."""
    async with async_sessionmaker(engine).begin() as session:
        session.add(Order(id=order_id, cents=cents))
        payload = {"id": order_id, "cents": cents}
        await outbox.add_async(session, "acme", "order.paid", payload, key=order_id)
        if refused:
            raise CardRefused


async def main() -> None:
    """Run the shop."""
    engine = create_async_engine("sqlite+aiosqlite:///orders.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(outbox.metadata.create_all)
    settings = RelaySettings(
        api_url=os.environ["ANGARIUM_URL"], api_key=os.environ["ANGARIUM_KEY"], poll_s=0.05
    )
    async with Relay(engine, settings) as relay:
        await pay(engine, "ord_1", 4200)
        try:
            await pay(engine, "ord_2", 100, refused=True)
        except CardRefused:
            sys.stdout.write("ord_2 is rolled back, and its event with it\n")
        relay.wake()
        async with asyncio.timeout(ACCEPTED_WITHIN_S):
            while not relay.counters.accepted:
                await asyncio.sleep(0.05)
    sys.stdout.write(f"Angarium accepted {relay.counters.accepted} event\n")
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())

"""A FastAPI application that books each paid invoice once."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from angarium_receiver import Event, Receiver
from angarium_receiver.frameworks.starlette import webhook_route
from angarium_receiver.inbox.sqlalchemy import AsyncSqlAlchemyInbox, inbox_table
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ["ASYNC_DATABASE_URL"])


class Base(DeclarativeBase):
    pass


class Booking(Base):
    __tablename__ = "booking"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str]
    cents: Mapped[int]


inbox = AsyncSqlAlchemyInbox(async_sessionmaker(engine), inbox_table(Base.metadata))
receiver = Receiver(os.environ["WEBHOOK_SECRET"], inbox=inbox)


class Invoice(BaseModel):
    type: str
    cents: int


@receiver.on("invoice.paid")
async def book(invoice: Invoice, event: Event, session: AsyncSession) -> None:
    session.add(Booking(event_id=event.key, cents=invoice.cents))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.router.routes.append(webhook_route("/webhooks", receiver))

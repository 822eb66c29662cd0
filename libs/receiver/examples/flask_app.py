"""A Flask application that books each paid invoice once."""

import os
from dataclasses import dataclass

from angarium_receiver import Event, Receiver
from angarium_receiver.frameworks.flask import METHODS, webhook_view
from angarium_receiver.inbox.sqlalchemy import SqlAlchemyInbox, inbox_table
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"])


class Base(DeclarativeBase):
    pass


class Booking(Base):
    __tablename__ = "booking"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str]
    cents: Mapped[int]


inbox = SqlAlchemyInbox(sessionmaker(engine), inbox_table(Base.metadata))
receiver = Receiver(os.environ["WEBHOOK_SECRET"], inbox=inbox)


@dataclass
class Invoice:
    type: str
    cents: int


@receiver.on("invoice.paid")
def book(invoice: Invoice, event: Event, session: Session) -> None:
    session.add(Booking(event_id=event.key, cents=invoice.cents))


app = Flask(__name__)
app.add_url_rule("/webhooks", view_func=webhook_view(receiver), methods=METHODS)
Base.metadata.create_all(engine)

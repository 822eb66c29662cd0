"""Transactional outbox for Angarium.

`add` writes an event into the producer's own database, in its transaction. A `Relay` posts
committed events to Angarium, in order per key, until each is accepted.
"""

from angarium_outbox.add import add, add_async, add_many, add_many_async
from angarium_outbox.event import Event, InvalidEvent
from angarium_outbox.relay import Relay
from angarium_outbox.settings import InvalidSettings, RelaySettings
from angarium_outbox.tables import metadata

__all__ = [
    "Event",
    "InvalidEvent",
    "InvalidSettings",
    "Relay",
    "RelaySettings",
    "add",
    "add_async",
    "add_many",
    "add_many_async",
    "metadata",
]

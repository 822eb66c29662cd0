"""The conditions of searches and lists of messages, and the columns that they read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.partitions import HIGHEST_ID, LOWEST_ID
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement
from sqlalchemy.sql.expression import FromClause

from angarium_gateway.application.read.messages import MessageFilter, MessageWindow

from .tables import message


def id_bounds(window: MessageWindow, chosen: MessageFilter) -> list[ColumnElement[bool]]:
    """The conditions of a window and a filter on the ids of messages."""
    found: list[ColumnElement[bool]] = []
    if window.past is not None:
        past = message.c.id > window.past if window.backwards else message.c.id < window.past
        found.append(past)
    if chosen.after is not None:
        found.append(message.c.id >= lowest_id_at(_floor_ms(chosen.after) + 1))
    if chosen.before is not None:
        found.append(message.c.id < lowest_id_at(_ceiling_ms(chosen.before)))
    if chosen.ids is not None:
        found.append(message.c.id.between(*chosen.ids))
    return found


def id_limits(window: MessageWindow, chosen: MessageFilter) -> tuple[bytes, bytes]:
    """The same as a range of ids: the lowest, and an upper bound that is not part of it."""
    low, high = [LOWEST_ID], [HIGHEST_ID]
    if window.past is not None and window.backwards:
        low.append(_after(window.past))
    elif window.past is not None:
        high.append(window.past)
    if chosen.after is not None:
        low.append(lowest_id_at(_floor_ms(chosen.after) + 1))
    if chosen.before is not None:
        high.append(lowest_id_at(_ceiling_ms(chosen.before)))
    if chosen.ids is not None:
        low.append(chosen.ids[0])
        high.append(_after(chosen.ids[1]))
    return max(low), min(high)


def _after(id_: bytes) -> bytes:
    """A bound between an id and the next one."""
    return id_ + b"\0"


def names_text(name: str) -> str:
    """A channel or tag within the text of a message's channels or tags."""
    return msgspec.json.encode(name).decode()


def looked_into(
    read: FromClause, chosen: MessageFilter, position: Callable[..., ColumnElement[int]]
) -> list[ColumnElement[bool]]:
    """The conditions of a filter on what no index has. `position` finds a text in another."""
    found: list[ColumnElement[bool]] = []
    if chosen.event_types is not None:
        found.append(read.c.event_type.in_(chosen.event_types))
    for column, text in ((read.c.channels, chosen.channel), (read.c.tags, chosen.tag)):
        if text is not None:
            found.append(position(column, names_text(text)) > 0)
    if chosen.event_id_prefix is not None:
        found.append(position(read.c.event_id, chosen.event_id_prefix) == 1)
    return found


def message_columns(source: FromClause, *, with_content: bool) -> list[ColumnElement[Any]]:
    """The columns that `message_of_row` needs."""
    names = ["id", "event_type", "event_id", "channels", "tags", "deliver_at"]
    names += ["canceled_at", "content_type", "expunged_at"]
    return [source.c[name] for name in ([*names, "payload"] if with_content else names)]


def _floor_ms(at: datetime) -> int:
    return to_micros(at) // 1000


def _ceiling_ms(at: datetime) -> int:
    return -(-to_micros(at) // 1000)

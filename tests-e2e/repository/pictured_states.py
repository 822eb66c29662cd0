"""Which states have a picture, and where each stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from angarium_gateway.domain.batch_states import BATCH_CHANGES, BatchState
from angarium_worker.domain.delivery import ENDED, DeliveryState
from angarium_worker.domain.delivery_states import (
    DELIVERY,
    GUARD,
    STANDING,
    EndpointStatus,
    GuardState,
)

from .message_states import MESSAGE_CHANGES, MessageState

BOX = "ended"
_B = BatchState
_D = DeliveryState
_G = GuardState
_M = MessageState
_S = EndpointStatus

type Point = tuple[float, float]


class Transition(Protocol):
    """A row of a table, of whichever service."""

    @property
    def sources(self) -> tuple[Any, ...]: ...

    @property
    def target(self) -> Any: ...

    @property
    def cause(self) -> str: ...

    @property
    def by_command(self) -> bool: ...


@dataclass(frozen=True)
class Picture:
    """Where the states of a table stand, by their centres. `starts`: the dot of each beginning,
    by its target; `bends`: how far an arrow leaves the straight line; `ends` stand in a box that
    arrows of all of them leave from."""

    name: str
    title: str
    table: Sequence[Transition]
    size: tuple[int, int]
    places: dict[Enum, Point]
    starts: dict[Enum, Point]
    bends: dict[tuple[Enum | str, Enum], float] = field(default_factory=dict)
    ends: tuple[Enum, ...] = ()


PICTURES = (
    Picture(
        "message",
        "The states of a message",
        MESSAGE_CHANGES,
        (900, 400),
        {
            _M.ACCEPTED: (190, 100),
            _M.UNDER_WAY: (480, 100),
            _M.SETTLED: (780, 100),
            _M.SCHEDULED: (190, 250),
            _M.SET_ASIDE: (480, 250),
            _M.CANCELLED: (480, 350),
            _M.DELETED: (780, 250),
        },
        {
            _M.ACCEPTED: (50, 100),
            _M.UNDER_WAY: (480, 20),
            _M.SCHEDULED: (50, 250),
            _M.SETTLED: (780, 20),
        },
        {(_M.ACCEPTED, _M.SETTLED): 105},
    ),
    Picture(
        "batch",
        "The states of a batch",
        BATCH_CHANGES,
        (900, 290),
        {
            _B.UNPUBLISHED: (190, 110),
            _B.PUBLISHED: (500, 110),
            _B.SETTLED: (780, 110),
            _B.SET_ASIDE: (500, 240),
        },
        {_B.UNPUBLISHED: (50, 110), _B.PUBLISHED: (500, 30)},
        {(_B.UNPUBLISHED, _B.SETTLED): 100},
    ),
    Picture(
        "delivery",
        "The states of a delivery",
        DELIVERY,
        (900, 560),
        {
            _D.REQUESTED: (170, 80),
            _D.WAITING: (170, 210),
            _D.SENDING: (450, 80),
            _D.HELD: (450, 270),
            _D.IN_LANE: (170, 400),
            _D.SCHEDULED: (450, 440),
            _D.DELIVERED: (790, 80),
            _D.EXHAUSTED: (790, 180),
            _D.CANCELLED: (790, 320),
        },
        {_D.REQUESTED: (40, 80), _D.SCHEDULED: (310, 450), _D.IN_LANE: (40, 440)},
        {
            (_D.REQUESTED, _D.SENDING): -22,
            (_D.SENDING, _D.REQUESTED): -22,
            (_D.REQUESTED, _D.IN_LANE): 180,
            (_D.SENDING, _D.SCHEDULED): -190,
            (_D.SENDING, _D.IN_LANE): 60,
            (_D.REQUESTED, _D.CANCELLED): -20,
            (BOX, _D.IN_LANE): -330,
            (BOX, _D.SCHEDULED): -20,
        },
        ENDED,
    ),
    Picture(
        "standing",
        "Whether an endpoint takes webhooks",
        STANDING,
        (900, 170),
        {_S.ENABLED: (170, 60), _S.DISABLED: (450, 60), _S.DELETED: (760, 60)},
        {_S.ENABLED: (40, 60), _S.DISABLED: (450, 140)},
        {(_S.ENABLED, _S.DELETED): 130},
    ),
    Picture(
        "guard",
        "How one worker delivers to an endpoint",
        GUARD,
        (900, 300),
        {
            _G.DELIVERING: (170, 60),
            _G.WAITING: (170, 230),
            _G.RECOVERING: (480, 60),
            _G.OPEN: (480, 230),
            _G.PROBING: (780, 145),
        },
        {_G.DELIVERING: (40, 60)},
    ),
)

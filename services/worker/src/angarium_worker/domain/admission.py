"""Admission: one decision on whether a delivery's next attempt begins now, for all origins."""

from enum import Enum, auto


class Origin(Enum):
    """The place that a delivery comes from."""

    CHUNK = auto()
    """A first attempt, in memory: it may wait while its chunk is open."""
    TIME = auto()
    """A row whose time has come."""
    LANE = auto()
    """A row that had its turn in its endpoint's lane."""


class EndpointFact(Enum):
    """The facts about an endpoint that admission depends on."""

    USABLE = auto()
    STRICT = auto()
    """Its order or its limits hold across workers."""
    INACTIVE = auto()
    """Disabled, deleted, or it never existed."""
    UNUSABLE = auto()
    """Its secrets or options cannot be read."""
    UNKNOWN = auto()
    """It is not in the copy, and nobody answers."""


class Admission(Enum):
    """The decision on a delivery."""

    START = auto()
    """Begin, if the endpoint's guard gives a ticket; if not, decide again: `refused`."""
    WAIT_FOR_SLOT = auto()
    WAIT_FOR_ENDPOINT = auto()
    QUEUE = auto()
    """It goes into its endpoint's lane, durable and in order."""
    PARK = auto()
    """It is tried again later."""
    CANCEL = auto()


def decide(
    origin: Origin,
    endpoint: EndpointFact = EndpointFact.USABLE,
    *,
    cancelled: bool = False,
    paused: bool = False,
    has_slot: bool = True,
    crowded_out: bool = False,
    refused: bool = False,
    down: bool = False,
    backlog: bool = False,
) -> Admission:
    """Decide on a delivery.

    `cancelled`: somebody wants nothing sent any more. `paused`: the endpoint asked to be left
    alone for a while. `has_slot`: the process may send one more; `crowded_out`: the application
    has its share of the slots, and many others wait. `refused`: the endpoint's guard gave no
    ticket; `down`: its breaker lets nothing begin, `backlog`: deliveries stand in its lane.

    What waits in memory keeps others waiting, so only that waits there which will begin soon;
    and nothing that comes later passes a backlog by. A delivery whose endpoint is not known goes
    into the lane from a chunk, since the endpoint may be an ordered one; a row keeps its place.
    """
    if cancelled or endpoint is EndpointFact.INACTIVE:
        return Admission.CANCEL
    if endpoint is not EndpointFact.USABLE:
        if endpoint is not EndpointFact.STRICT:
            return Admission.QUEUE if origin is Origin.CHUNK else Admission.PARK
        if origin is not Origin.LANE:
            return Admission.QUEUE
    if paused:
        return Admission.QUEUE
    if not has_slot:
        return Admission.QUEUE if down or crowded_out else Admission.WAIT_FOR_SLOT
    if not refused:
        return Admission.START
    if origin is Origin.CHUNK and not down and not backlog:
        return Admission.WAIT_FOR_ENDPOINT
    return Admission.QUEUE

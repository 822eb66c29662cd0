"""Which endpoints of an application get a message."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .schedules import NO_SCHEDULES, Schedules


@dataclass(frozen=True, slots=True)
class EndpointFilter:
    """What an enabled endpoint wants. None wants everything.

    `version` is the directory version of its configuration.
    """

    endpoint_id: bytes
    version: int
    event_types: frozenset[str] | None = None
    channels: frozenset[str] | None = None

    @property
    def weight(self) -> int:
        """What keeping it in memory costs: itself and each name."""
        return 1 + len(self.event_types or ()) + len(self.channels or ())


def matches(wanted: EndpointFilter, event_type: str, channels: Sequence[str]) -> bool:
    """Whether a message is for this endpoint (Svix API: event types are exact names; an
    endpoint with channels gets only messages that share one)."""
    if wanted.event_types is not None and event_type not in wanted.event_types:
        return False
    return wanted.channels is None or not wanted.channels.isdisjoint(channels)


class Recipients:
    """The enabled endpoints of one application at one directory version, by event type.

    The index spares a message the look at every endpoint that wants other types. `share` is
    the application's weight where turns are taken, `schedules` are its tenant's; `weight` is
    what keeping the endpoints in memory costs.
    """

    __slots__ = (
        "_by_event_type",
        "_of_every_type",
        "schedules",
        "share",
        "tenant_id",
        "version",
        "weight",
    )

    def __init__(
        self,
        version: int,
        filters: Iterable[EndpointFilter] = (),
        *,
        tenant_id: bytes = b"",
        share: int = 1,
        schedules: Schedules = NO_SCHEDULES,
    ) -> None:
        of_every_type: list[EndpointFilter] = []
        by_event_type: defaultdict[str, list[EndpointFilter]] = defaultdict(list)
        self.version = version
        self.tenant_id = tenant_id
        self.share = share
        self.schedules = schedules
        self.weight = 1
        for wanted in filters:
            self.weight += wanted.weight
            if wanted.event_types is None:
                of_every_type.append(wanted)
            else:
                for event_type in wanted.event_types:
                    by_event_type[event_type].append(wanted)
        self._of_every_type = of_every_type
        self._by_event_type = dict(by_event_type)

    def of(self, event_type: str, channels: Sequence[str]) -> list[EndpointFilter]:
        """The endpoints that get such a message, each once. Not to be changed."""
        wanting = self._of_every_type
        of_this_type = self._by_event_type.get(event_type)
        if of_this_type is not None:
            wanting = wanting + of_this_type if wanting else of_this_type
        if not wanting:
            return wanting
        return [
            wanted
            for wanted in wanting
            if wanted.channels is None or not wanted.channels.isdisjoint(channels)
        ]

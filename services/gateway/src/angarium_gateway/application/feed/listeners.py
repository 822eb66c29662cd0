"""Counts who listens to streams of events, so that there are not too many."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from angarium_gateway.application.service_query import ServiceQuery

from .event_feed import EventFeed, FollowedMessages
from .feed_events import FeedPosition, FeedScope


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """The largest numbers of listeners of one process: of all, and of one tenant."""

    all_max: int = 200
    per_tenant_max: int = 20


class TooMany(Enum):
    """Of whom there are too many listeners."""

    OF_TENANT = auto()
    OF_PROCESS = auto()


class Listeners:
    """Opens feeds, and counts them while they are open."""

    def __init__(
        self,
        messages: FollowedMessages,
        ask_worker: ServiceQuery,
        ask_dispatcher: ServiceQuery,
        now_ms: Callable[[], int],
        limits: ListenerLimits,
    ) -> None:
        self._messages = messages
        self._ask_worker = ask_worker
        self._ask_dispatcher = ask_dispatcher
        self._now_ms = now_ms
        self._limits = limits
        self._by_tenant: Counter[bytes] = Counter()

    def refused(self, tenant_id: bytes) -> TooMany | None:
        """Why no feed of this tenant may be opened now; None: one may."""
        if self._by_tenant[tenant_id] >= self._limits.per_tenant_max:
            return TooMany.OF_TENANT
        if self._by_tenant.total() >= self._limits.all_max:
            return TooMany.OF_PROCESS
        return None

    def now(self) -> FeedPosition:
        """The position of a listener who wants what happens from now on."""
        now_ms = self._now_ms()
        return FeedPosition(now_ms, now_ms)

    @contextmanager
    def feed(self, scope: FeedScope, position: FeedPosition) -> Iterator[EventFeed]:
        """A feed that is counted until it is left."""
        tenant_id = scope.tenant_id
        self._by_tenant[tenant_id] += 1
        try:
            yield EventFeed(
                scope,
                position,
                self._messages,
                self._ask_worker,
                self._ask_dispatcher,
                self._now_ms,
            )
        finally:
            self._by_tenant[tenant_id] -= 1
            if not self._by_tenant[tenant_id]:
                del self._by_tenant[tenant_id]

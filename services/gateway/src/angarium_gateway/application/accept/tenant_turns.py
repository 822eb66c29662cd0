"""The order in which the messages of several tenants are committed."""

from collections import deque
from collections.abc import Callable
from typing import Final

from angarium_chassis.group_commit import Overloaded, Submitted

from angarium_gateway.domain.fair_level import FairLevel
from angarium_gateway.domain.messages import NewMessage

type SubmittedMessages = Submitted[NewMessage]

ACTIVE_S: Final = 1.0
"""For so long after its latest message a tenant counts among those that post."""
TURN_S: Final = 0.01
TURN_MESSAGES: Final = 10
"""A tenant at the level gets in one turn what it may post in `TURN_S`, or so many messages: in
turns of one message each, a message would cost several times the CPU."""
SHELTER_TURN_S: Final = 0.0025
SHELTER_TURN_MESSAGES: Final = 5
"""The same while a tenant that posts little is sheltered: what goes together is in its way
together, in the gateway, the database and the worker."""
CREDIT_S: Final = 0.1
"""All but the heaviest tenant may make up for so much time in which they posted less than the
level: where a commit takes longer than a turn, a turn for each is less."""
LINE_SHARE: Final = 0.5
"""The share of all places that the messages of one tenant may take while others post, too."""


class TenantOverloaded(Overloaded):
    """Too many messages of this tenant wait for a commit."""


class _Line:
    """The waiting messages of a tenant."""

    __slots__ = ("count", "size_bytes", "submitted")

    def __init__(self) -> None:
        self.submitted: deque[SubmittedMessages] = deque()
        self.count = 0
        self.size_bytes = 0


class TenantTurns:
    """Implements `WaitingItems`: the messages of each tenant in order, tenants in turn.

    A tenant that posts alone is not slowed. While several do, each may post up to the rate of
    `level`: what goes beyond waits here, before it costs anything, and not in the services and
    streams behind, where everybody would wait with it.
    """

    def __init__(
        self,
        level: FairLevel,
        clock_s: Callable[[], float],
        *,
        waiting_max: int,
        waiting_bytes_max: int,
    ) -> None:
        self._level = level
        self._clock_s = clock_s
        self._line_max = max(1, int(waiting_max * LINE_SHARE))
        self._line_bytes_max = max(1, int(waiting_bytes_max * LINE_SHARE))
        self._lines: dict[bytes, _Line] = {}
        self._booked_until_s: dict[bytes, float] = {}
        self._taken: dict[bytes, int] = {}
        self._held_back: set[bytes] = set()
        self._heaviest: bytes | None = None
        self._latest: bytes | None = None
        self._latest_s = 0.0
        self._shared_until_s: float | None = None

    def append(self, submitted: SubmittedMessages) -> None:
        """See the port; they are of one tenant. Raises `TenantOverloaded`."""
        messages, size_bytes, _, _ = submitted
        tenant_id = messages[0].tenant_id
        line = self._lines.get(tenant_id)
        if line is None:
            line = self._new_line(tenant_id)
        elif line.count + len(messages) > self._line_max or (
            line.size_bytes + size_bytes > self._line_bytes_max
        ):
            self._refuse_if_shared()
        line.submitted.append(submitted)
        line.count += len(messages)
        line.size_bytes += size_bytes

    def ready_in_s(self) -> float:
        """See the port."""
        if self._is_alone() or not self._shared():
            return 0.0
        now_s = self._clock_s()
        soonest_s = ACTIVE_S
        for tenant_id, line in self._lines.items():
            wait_s = self._wait_s(tenant_id, line, now_s)
            if wait_s <= 0:
                return 0.0
            soonest_s = min(soonest_s, wait_s)
        return soonest_s

    def take(self, items_max: int, bytes_max: int, *, everything: bool) -> list[SubmittedMessages]:
        """See the port."""
        now_s = self._clock_s()
        if self._is_alone():
            for line in self._lines.values():
                if line.count <= items_max and line.size_bytes <= bytes_max:
                    self._lines = {}
                    self._level.took(line.count, now_s)
                    return list(line.submitted)
        shared = self._shared() and not everything
        group: list[SubmittedMessages] = []
        counts: dict[bytes, int] = {}
        places_left, bytes_left = items_max, bytes_max
        for tenant_id in tuple(self._lines):
            line = self._lines[tenant_id]
            allowed = self._allowed(tenant_id, line, now_s) if shared else line.count
            taken = taken_bytes = 0
            submitted = line.submitted
            # What was submitted together goes as a whole, and uses up the turns that follow.
            while submitted and taken < allowed:
                messages, size_bytes, _, _ = submitted[0]
                if group and (
                    taken + len(messages) > places_left or taken_bytes + size_bytes > bytes_left
                ):
                    break
                group.append(submitted.popleft())
                taken += len(messages)
                taken_bytes += size_bytes
            counts[tenant_id] = taken
            line.count -= taken
            line.size_bytes -= taken_bytes
            places_left -= taken
            bytes_left -= taken_bytes
            self._took(tenant_id, line, taken, now_s, shared=shared)
            if group and (places_left <= 0 or bytes_left <= 0):
                break
        self._level.took(items_max - places_left, now_s)
        if shared and self._level.step_due(now_s):
            self._step(now_s)
        if len(counts) > 1:
            # A worker sends them in this order: one message does not wait for a turn of many.
            group.sort(key=lambda submitted: counts[submitted[0][0].tenant_id])
        return group

    def _new_line(self, tenant_id: bytes) -> _Line:
        line = self._lines[tenant_id] = _Line()
        self._note(tenant_id)
        return line

    def _refuse_if_shared(self) -> None:
        if self._shared():
            raise TenantOverloaded

    def _note(self, tenant_id: bytes) -> None:
        """The tenant posts, after a while in which nothing of it waited."""
        now_s = self._clock_s()
        if len(self._lines) > 1 or (
            self._latest is not None
            and self._latest != tenant_id
            and now_s - self._latest_s <= ACTIVE_S
        ):
            self._shared_until_s = now_s + ACTIVE_S
        self._latest = tenant_id
        self._latest_s = now_s

    def _is_alone(self) -> bool:
        """True if surely no second tenant posts. The case that has to cost nothing."""
        return self._shared_until_s is None and len(self._lines) < 2

    def _shared(self) -> bool:
        """True while several tenants post."""
        if len(self._lines) > 1:
            return True
        if self._shared_until_s is None:
            return False
        if self._clock_s() < self._shared_until_s:
            return True
        self._shared_until_s = None
        return False

    def _wait_s(self, tenant_id: bytes, line: _Line, now_s: float) -> float:
        """How long until the tenant has its turn: when its earlier messages have used up their
        time, or as soon as all that waits of it fits a turn that has begun."""
        ahead_s = self._booked_until_s.get(tenant_id, now_s) - now_s
        if ahead_s <= 0:
            return 0.0
        return min(ahead_s, ahead_s + line.count / self._level.rate - self._turn_s())

    def _allowed(self, tenant_id: bytes, line: _Line, now_s: float) -> int:
        if self._wait_s(tenant_id, line, now_s) > 0:
            self._held_back.add(tenant_id)
            return 0
        ahead_s = self._booked_s(tenant_id, now_s) - now_s
        allowed = max(1, round(self._level.rate * (self._turn_s() - ahead_s)))
        if allowed < line.count:
            self._held_back.add(tenant_id)
        return allowed

    def _booked_s(self, tenant_id: bytes, now_s: float) -> float:
        """Until when the tenant has used up its time, at the level."""
        credit_s = 0.0 if tenant_id == self._heaviest else CREDIT_S
        return max(now_s - credit_s, self._booked_until_s.get(tenant_id, now_s))

    def _turn_s(self) -> float:
        if self._level.shelters:
            return max(SHELTER_TURN_S, SHELTER_TURN_MESSAGES / self._level.rate)
        return max(TURN_S, TURN_MESSAGES / self._level.rate)

    def _took(
        self, tenant_id: bytes, line: _Line, taken: int, now_s: float, *, shared: bool
    ) -> None:
        if shared and taken:
            self._taken[tenant_id] = self._taken.get(tenant_id, 0) + taken
            booked_s = self._booked_s(tenant_id, now_s)
            self._booked_until_s[tenant_id] = booked_s + taken / self._level.rate
        if not line.count:
            del self._lines[tenant_id]
        elif taken:
            # It comes last the next time.
            self._lines[tenant_id] = self._lines.pop(tenant_id)

    def _step(self, now_s: float) -> None:
        taken = self._taken
        self._heaviest = max(taken, key=taken.__getitem__, default=None)
        free = [count for tenant_id, count in taken.items() if tenant_id not in self._held_back]
        self._level.step(
            now_s,
            heaviest=max(taken.values(), default=0),
            lightest=min(free, default=None),
            held_back=bool(self._held_back),
        )
        self._taken.clear()
        self._held_back.clear()
        self._booked_until_s = {
            tenant_id: until_s
            for tenant_id, until_s in self._booked_until_s.items()
            if until_s > now_s - CREDIT_S
        }

"""The guard under any sequence of events: its promises hold at every step."""

from dataclasses import dataclass

from angarium_worker.domain.endpoint_guard import EndpointGuard, Result
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

LIMIT_MAX = 512
TRICKLE_S = 10.0
EARNED_MAX = 10


@dataclass(frozen=True)
class UnderWay:
    ticket: int
    begun_s: float
    probe: bool


class GuardMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.guard = EndpointGuard()
        self.now_s = 1_000.0
        self.under_way: list[UnderWay] = []
        self.firsts = 0
        self.retries_on_budget = 0

    @rule(later_s=st.sampled_from([0.0, 0.01, 0.3, 1.0, 5.0, 20.0, 61.0]))
    def time_passes(self, later_s: float) -> None:
        self.now_s += later_s

    @rule(count=st.integers(1, 40))
    def deliveries_arrive(self, count: int) -> None:
        for _ in range(count):
            self.guard.arrived(self.now_s)

    @rule(count=st.integers(1, 12), retry=st.booleans(), from_lane=st.booleans())
    def attempts_begin(self, count: int, retry: bool, from_lane: bool) -> None:
        for _ in range(count):
            self.attempt_begins(retry, from_lane)

    def attempt_begins(self, retry: bool, from_lane: bool) -> None:
        guard = self.guard
        was_open, state = guard.is_open(self.now_s), guard.state
        open_until_s, limit = guard.open_until_s, guard.limit
        firsts, retries = guard.quota(self.now_s)
        on_budget = guard._is_overloaded(self.now_s)
        ticket = guard.begin(self.now_s, retry=retry, from_lane=from_lane)
        if from_lane:
            assert (ticket > 0) == ((retries if retry else firsts) > 0)
        if not ticket:
            return
        assert not was_open
        assert open_until_s is None or self.now_s >= open_until_s
        self.under_way.append(UnderWay(ticket, self.now_s, state == "open"))
        assert len(self.under_way) <= limit
        self.firsts += not retry
        self.retries_on_budget += retry and on_budget

    @precondition(lambda self: self.under_way)
    @rule(
        which=st.integers(0, 1_000),
        result=st.sampled_from(Result),
        random=st.floats(0, 1),
    )
    def attempt_ends(self, which: int, result: Result, random: float) -> None:
        ended = self.under_way.pop(which % len(self.under_way))
        limit = self.guard.limit
        self.guard.ended(ended.ticket, result, ended.begun_s, self.now_s, random)
        assert self.guard.limit in (limit, limit + 1, max(1, limit // 2))

    @precondition(lambda self: self.under_way)
    @rule(result=st.sampled_from(Result), random=st.floats(0, 1))
    def all_attempts_end(self, result: Result, random: float) -> None:
        while self.under_way:
            self.attempt_ends(0, result, random)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 1_000))
    def attempt_is_cut_off(self, which: int) -> None:
        self.guard.abandon(self.under_way.pop(which % len(self.under_way)).ticket)

    @rule()
    def owner_changes_it(self) -> None:
        self.guard.reset()

    @rule(backlog=st.booleans())
    def lane_is_looked_at(self, backlog: bool) -> None:
        self.guard.backlog = backlog
        if not backlog:
            self.guard.lane_empty(self.now_s)

    @precondition(lambda self: not self.under_way)
    @rule(retry=st.booleans())
    def after_the_wait_one_of_the_lane_may_begin(self, retry: bool) -> None:
        self.now_s += self.guard.wait_s(self.now_s, for_retry=retry) + 1e-6
        self.attempt_begins(retry, from_lane=True)
        assert len(self.under_way) == 1

    @invariant()
    def attempts_under_way_are_counted(self) -> None:
        assert self.guard.in_flight == len(self.under_way)

    @invariant()
    def the_window_is_bounded(self) -> None:
        assert 1 <= self.guard.limit <= LIMIT_MAX

    @invariant()
    def there_is_at_most_one_probe(self) -> None:
        probes = sum(attempt.probe for attempt in self.under_way)
        assert probes == (self.guard.state == "probing")

    @invariant()
    def no_wait_is_longer_than_the_longest_policy(self) -> None:
        assert 0 <= self.guard.wait_s(self.now_s) <= 72.0
        assert 0 <= self.guard.wait_s(self.now_s, for_retry=True) <= 72.0

    @invariant()
    def the_quota_is_within_the_window(self) -> None:
        firsts, retries = self.guard.quota(self.now_s)
        assert 0 <= retries <= firsts <= max(0, self.guard.limit - self.guard.in_flight)
        if self.guard.state in ("open", "probing"):
            assert firsts <= 1
        assert not (self.guard.is_open(self.now_s) and firsts)

    @invariant()
    def retries_keep_to_their_budget(self) -> None:
        trickle = (self.now_s - 1_000.0) / TRICKLE_S + 1
        assert self.retries_on_budget <= 0.25 * self.firsts + EARNED_MAX + trickle + 1e-6

    @invariant()
    def what_is_under_way_is_never_forgotten(self) -> None:
        assert not (self.under_way and self.guard.idle(self.now_s))


TestGuardMachine = GuardMachine.TestCase
TestGuardMachine.settings = settings(
    max_examples=settings().max_examples, stateful_step_count=50, deadline=None
)

"""Whose messages are committed next: a tenant that floods waits, and others do not wait for it."""

import asyncio
from collections import defaultdict

import pytest
from angarium_gateway.application.accept.tenant_turns import (
    ACTIVE_S,
    SHELTER_TURN_MESSAGES,
    TURN_MESSAGES,
    TURN_S,
    SubmittedMessages,
    TenantOverloaded,
    TenantTurns,
)
from angarium_gateway.domain.fair_level import RATE_MIN, FairLevel
from hypothesis import given
from hypothesis import strategies as st

from ...fakes.journal_model import a_message, new_id
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import Running, now_s, simulated

FLOOD, QUIET = b"f" * 16, b"q" * 16
TURN = TURN_MESSAGES
LOWEST_TURN_S = TURN_MESSAGES / RATE_MIN


class Turning:
    """Turns over a clock that stands still unless it is moved."""

    def __init__(self, waiting_max: int = 4_000, waiting_bytes_max: int = 64_000_000) -> None:
        self.now_s = 1_000.0
        self.level = FairLevel(self._clock_s)
        self.turns = TenantTurns(
            self.level,
            self._clock_s,
            waiting_max=waiting_max,
            waiting_bytes_max=waiting_bytes_max,
        )
        self.loop = asyncio.new_event_loop()
        self.posted = self.taken = 0

    def _clock_s(self) -> float:
        return self.now_s

    def submitted(self, tenant_id: bytes, count: int = 1) -> SubmittedMessages:
        messages = [a_message(tenant_id=tenant_id, id=new_id()) for _ in range(count)]
        return (messages, 100 * count, self.loop.create_future(), count > 1)

    def post(self, tenant_id: bytes, count: int = 1) -> None:
        for _ in range(count):
            self.turns.append(self.submitted(tenant_id))
            self.posted += 1

    def take(self, items_max: int = 200, *, everything: bool = False) -> dict[bytes, int]:
        """The messages of the next commit, counted by tenant."""
        taken: dict[bytes, int] = defaultdict(int)
        for messages, _, _, _ in self.turns.take(items_max, 4_000_000, everything=everything):
            taken[messages[0].tenant_id] += len(messages)
            self.taken += len(messages)
        return dict(taken)


@pytest.fixture
def turning() -> Turning:
    return Turning()


def test_a_tenant_that_posts_alone_gets_all_places(turning: Turning) -> None:
    turning.post(FLOOD, 300)
    assert turning.turns.ready_in_s() == 0
    assert turning.take() == {FLOOD: 200}
    assert turning.turns.ready_in_s() == 0
    assert turning.take() == {FLOOD: 100}


def test_a_message_beside_a_flood_goes_with_the_next_commit_beside_one_turn_of_it(
    turning: Turning,
) -> None:
    turning.post(FLOOD, 1_000)
    turning.post(QUIET)
    assert turning.take() == {FLOOD: TURN, QUIET: 1}


def test_a_flood_that_has_had_its_turn_does_not_keep_others_waiting(turning: Turning) -> None:
    turning.post(FLOOD, 1_000)
    turning.post(QUIET)
    turning.take()
    assert turning.turns.ready_in_s() == pytest.approx(LOWEST_TURN_S)
    turning.now_s += 0.003
    turning.post(QUIET)
    assert turning.turns.ready_in_s() == 0
    assert turning.take() == {QUIET: 1}
    turning.now_s += LOWEST_TURN_S - 0.003
    assert turning.take() == {FLOOD: TURN}


def test_while_another_posts_a_flood_goes_at_the_rate_of_the_level() -> None:
    turning = Turning(waiting_max=100_000)
    taken = 0
    for _ in range(1_000):
        turning.post(FLOOD, 5)
        turning.post(QUIET)
        turning.level.rate = RATE_MIN
        taken += turning.take().get(FLOOD, 0)
        turning.now_s += 0.001
    assert taken <= RATE_MIN + 2 * TURN


def test_a_tenant_below_the_level_waits_for_nothing(turning: Turning) -> None:
    turning.post(FLOOD, 2_000)
    for _ in range(200):
        turning.post(QUIET)
        assert turning.turns.ready_in_s() == 0
        assert turning.take()[QUIET] == 1
        turning.now_s += 0.004


def test_a_tenant_alone_again_is_slowed_no_longer(turning: Turning) -> None:
    turning.post(FLOOD, 1_000)
    turning.post(QUIET)
    turning.take()
    turning.now_s += ACTIVE_S / 2
    turning.take()
    assert 0 < turning.turns.ready_in_s() <= LOWEST_TURN_S
    turning.now_s += ACTIVE_S
    assert turning.turns.ready_in_s() == 0
    assert turning.take() == {FLOOD: 200}


def test_one_that_posts_within_a_second_of_another_shares_with_it(turning: Turning) -> None:
    turning.post(QUIET)
    turning.take()
    turning.now_s += ACTIVE_S / 2
    turning.post(FLOOD, 100)
    assert turning.take() == {FLOOD: TURN}


def test_a_flood_that_never_stops_waiting_is_slowed_for_as_long_as_others_post() -> None:
    """Also between their messages, when nothing but the flood waits."""
    turning = Turning(waiting_max=10_000)
    turning.post(FLOOD, 4_000)
    taken = 0
    for _ in range(30):
        turning.post(QUIET)
        for _ in range(10):
            turning.level.rate = RATE_MIN
            if turning.turns.ready_in_s() <= 0:
                taken += turning.take().get(FLOOD, 0)
            turning.now_s += 0.01
    assert taken <= 3 * RATE_MIN + 2 * TURN


def test_the_level_rises_while_nothing_waits_behind(turning: Turning) -> None:
    for _ in range(500):
        turning.post(FLOOD, 50)
        turning.post(QUIET)
        turning.level.observe(0.004)
        turning.take()
        turning.now_s += 0.004
        while turning.posted - turning.taken > 1_000:
            turning.take(everything=True)
    assert turning.level.rate > 2 * RATE_MIN


def test_what_was_posted_together_goes_together_and_uses_up_turns(turning: Turning) -> None:
    for _ in range(3):
        turning.turns.append(turning.submitted(FLOOD, 4 * TURN))
    turning.post(QUIET)
    assert turning.take() == {FLOOD: 4 * TURN, QUIET: 1}
    turning.now_s += 3 * LOWEST_TURN_S
    turning.post(QUIET)
    assert turning.take() == {QUIET: 1}
    turning.now_s += LOWEST_TURN_S + 0.001
    assert turning.take() == {FLOOD: 4 * TURN}


def test_one_tenant_takes_at_most_half_of_the_places_while_others_post() -> None:
    turning = Turning(waiting_max=100)
    turning.post(FLOOD, 50)
    turning.post(QUIET)
    with pytest.raises(TenantOverloaded):
        turning.post(FLOOD)
    with pytest.raises(TenantOverloaded):
        turning.turns.append(turning.submitted(FLOOD, 2))
    turning.post(QUIET)
    assert turning.take(everything=True) == {FLOOD: 50, QUIET: 2}


def test_one_tenant_takes_at_most_half_of_the_bytes_while_others_post() -> None:
    turning = Turning(waiting_bytes_max=10_000)
    turning.post(FLOOD, 50)
    turning.post(QUIET)
    with pytest.raises(TenantOverloaded):
        turning.post(FLOOD)


def test_at_the_end_everything_is_taken(turning: Turning) -> None:
    turning.post(FLOOD, 100)
    turning.post(QUIET)
    turning.take()
    assert turning.take(everything=True) == {FLOOD: 100 - TURN}
    assert turning.take(everything=True) == {}


class Sharing(Turning):
    """Tenants that post at rates, in steps of a millisecond, on a platform that becomes crowded:
    messages wait for 4 ms at first, and later for 40."""

    def __init__(self, busiest_second: int) -> None:
        super().__init__(waiting_max=1_000_000)
        self.level.took(busiest_second, self.now_s)
        self.now_s += 1
        self.level.took(1, self.now_s)
        self.commits: list[list[bytes]] = []
        self.wait_s = 0.004
        self._made: dict[bytes, SubmittedMessages] = {}

    def submitted(self, tenant_id: bytes, count: int = 1) -> SubmittedMessages:
        """The same one each time: there are many."""
        if tenant_id not in self._made:
            self._made[tenant_id] = super().submitted(tenant_id, count)
        return self._made[tenant_id]

    def run(self, ms: int, per_s: dict[bytes, int]) -> dict[bytes, int]:
        """The messages of each tenant that go into commits in so many milliseconds."""
        total: dict[bytes, int] = defaultdict(int)
        due = dict.fromkeys(per_s, 0.0)
        for number in range(ms):
            self.wait_s = 0.040 if number == 100 else self.wait_s
            for tenant_id, rate in per_s.items():
                due[tenant_id] += rate / 1_000
                self.post(tenant_id, int(due[tenant_id]))
                due[tenant_id] %= 1
            for _ in range(3):
                self.level.observe(self.wait_s)
            if self.posted > self.taken and self.turns.ready_in_s() <= 0:
                group = self.turns.take(200, 4_000_000, everything=False)
                self.commits.append([messages[0].tenant_id for messages, _, _, _ in group])
                self.taken += len(group)
                for tenant_id in self.commits[-1]:
                    total[tenant_id] += 1
            self.now_s += 0.001
        return total


def test_beside_a_tenant_that_posts_little_a_flood_falls_to_an_eighth_in_small_turns() -> None:
    sharing = Sharing(busiest_second=8_000)
    sharing.run(2_000, {FLOOD: 10_000, QUIET: 100})
    assert sharing.level.rate == 1_000
    sharing.commits.clear()
    taken = sharing.run(1_000, {FLOOD: 10_000, QUIET: 100})
    assert 800 <= taken[FLOOD] <= 1_000
    assert 99 <= taken[QUIET] <= 100
    assert max(each.count(FLOOD) for each in sharing.commits) <= SHELTER_TURN_MESSAGES


def test_two_that_post_much_are_not_slowed_for_each_other_however_long_they_wait() -> None:
    sharing = Sharing(busiest_second=8_000)
    sharing.run(1_000, {FLOOD: 10_000, QUIET: 10_000})
    sharing.commits.clear()
    taken = sharing.run(1_000, {FLOOD: 10_000, QUIET: 10_000})
    for tenant_id in (FLOOD, QUIET):
        assert taken[tenant_id] >= 10_000
    assert max(map(len, sharing.commits)) > 8 * TURN


def test_when_the_tenant_that_posts_little_has_gone_two_that_post_much_share_everything() -> None:
    sharing = Sharing(busiest_second=8_000)
    much = {FLOOD: 10_000, b"g" * 16: 10_000}
    taken = sharing.run(2_000, {**much, QUIET: 100})
    assert sharing.level.rate == 1_000
    assert 199 <= taken[QUIET] <= 200
    sharing.run(1_500, much)
    taken = sharing.run(1_000, much)
    assert sum(taken.values()) >= 8_000


def test_all_but_the_heaviest_make_up_for_what_slow_commits_cost_them() -> None:
    """A turn of 5 for each commit of 50 ms would be 100 messages a second for everybody."""
    sharing = Sharing(busiest_second=8_000)
    sharing.run(2_000, {FLOOD: 10_000, QUIET: 100})
    taken: dict[bytes, int] = {}
    for count in [2] * 10 + [4 * SHELTER_TURN_MESSAGES]:
        sharing.post(QUIET, count)
        taken = sharing.take()
        sharing.now_s += 0.05
    assert taken[QUIET] == 4 * SHELTER_TURN_MESSAGES
    assert taken[FLOOD] <= SHELTER_TURN_MESSAGES


def test_messages_of_those_who_post_little_come_first_in_a_commit(turning: Turning) -> None:
    other = b"o" * 16
    turning.post(FLOOD, 100)
    turning.post(QUIET, 2)
    turning.post(other)
    group = turning.turns.take(200, 4_000_000, everything=False)
    assert [messages[0].tenant_id for messages, _, _, _ in group] == [
        other,
        *[QUIET] * 2,
        *[FLOOD] * TURN,
    ]


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(0, 4), st.integers(1, 60)),
        st.tuples(st.just("batch"), st.integers(0, 4), st.integers(1, 60)),
        st.tuples(st.just("take"), st.integers(1, 200), st.integers(1, 3_000)),
        st.tuples(st.just("pass"), st.integers(1, 2_000), st.just(0)),
    ),
    max_size=60,
)


@given(_steps)
def test_each_message_is_taken_once_in_the_order_of_its_tenant(
    steps: list[tuple[str, int, int]],
) -> None:
    turning = Turning(waiting_max=1_000_000)
    posted: dict[bytes, list[bytes]] = defaultdict(list)
    taken: dict[bytes, list[bytes]] = defaultdict(list)

    def waits() -> int:
        return sum(map(len, posted.values())) - sum(map(len, taken.values()))

    for what, first, second in [*steps, ("end", 0, 0)]:
        turns = turning.turns
        if what in {"post", "batch"}:
            tenant_id = bytes([first]) * 16
            counts = [1] * second if what == "post" else [second]
            for submitted in [turning.submitted(tenant_id, count) for count in counts]:
                posted[tenant_id] += [each.id for each in submitted[0]]
                turns.append(submitted)
        elif what == "pass":
            turning.now_s += first / 1_000
        else:
            ending = what == "end"
            while waits() and (ending or turns.ready_in_s() <= 0):
                items_max, bytes_max = (200, 4_000) if ending else (first, second)
                group = turns.take(items_max, bytes_max, everything=ending)
                assert group
                if len(group) > 1:
                    assert sum(len(messages) for messages, _, _, _ in group) <= items_max
                    assert sum(size_bytes for _, size_bytes, _, _ in group) <= bytes_max
                for messages, _, _, _ in group:
                    taken[messages[0].tenant_id] += [each.id for each in messages]
    assert taken == {tenant_id: ids for tenant_id, ids in posted.items() if ids}


@simulated
async def test_a_flood_delays_a_message_of_another_by_a_bounded_number_of_its_own() -> None:
    """The hot path that production builds: clients of one tenant post as fast as they are
    answered, and a message of another tenant is committed behind few of theirs."""
    rig = Rig(window_bytes=100_000_000, waiting_max=4_000)
    commits, committed = rig.path.commits, rig.journal.commits

    async def client() -> None:
        while True:
            message = a_message(tenant_id=FLOOD, id=new_id())
            await commits.submit(message, message.size_bytes)
            await asyncio.sleep(0.0001)

    async with Running(commits.run), asyncio.TaskGroup() as clients:
        tasks = [clients.create_task(client()) for _ in range(300)]
        passed: list[int] = []
        for _ in range(100):
            await asyncio.sleep(0.005)
            before = sum(len(batch.messages) for batch in committed)
            message = a_message(tenant_id=QUIET, id=new_id())
            began_s = now_s()
            await commits.submit(message, message.size_bytes)
            passed.append(sum(len(batch.messages) for batch in committed) - before - 1)
            assert now_s() - began_s < TURN_S
        for task in tasks:
            task.cancel()
    # The first one meets a flood that nobody slowed until then.
    assert max(passed[1:]) <= 2 * TURN

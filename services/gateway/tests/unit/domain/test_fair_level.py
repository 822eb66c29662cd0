"""The rate to which tenants may post side by side: it falls while messages wait, and rises."""

import pytest
from angarium_gateway.domain.fair_level import (
    RATE_MAX,
    RATE_MIN,
    SAMPLES_MIN,
    SHELTER_FOR_S,
    STEP_S,
    FairLevel,
)


class Levelling:
    """A level, its clock, and steps in which everything waited for so long."""

    def __init__(self, rate: float = RATE_MIN) -> None:
        self.now_s = 0.0
        self.level = FairLevel(lambda: self.now_s)
        self.level.rate = rate

    def step(
        self,
        wait_s: float | None,
        *,
        heaviest: int = 0,
        lightest: int | None = 60,
        held_back: bool = True,
    ) -> float:
        for _ in range(0 if wait_s is None else 5):
            self.level.observe(wait_s or 0.0)
        self.now_s += STEP_S + 1e-6
        assert self.level.step_due(self.now_s)
        self.level.step(self.now_s, heaviest=heaviest, lightest=lightest, held_back=held_back)
        assert RATE_MIN <= self.level.rate <= RATE_MAX
        return self.level.rate


def test_it_begins_low_and_rises_while_somebody_is_held_back_and_nothing_waits() -> None:
    levelling = Levelling()
    rates = [levelling.step(0.004, heaviest=400) for _ in range(40)]
    assert rates == sorted(rates)
    assert rates[-1] > 20 * RATE_MIN


def test_it_stays_while_nobody_is_held_back() -> None:
    levelling = Levelling(3_000)
    assert levelling.step(0.004, held_back=False) == 3_000


def test_it_falls_below_what_the_heaviest_posted_while_messages_wait_longer() -> None:
    levelling = Levelling(40_000)
    levelling.step(0.004, heaviest=400)
    rate = levelling.step(0.010, heaviest=400)
    assert rate == pytest.approx(0.8 * 400 / STEP_S, rel=0.01)


def test_a_wait_that_is_a_little_longer_is_no_reason() -> None:
    levelling = Levelling()
    levelling.step(0.004)
    assert levelling.step(0.0065) > RATE_MIN
    slow = Levelling()
    slow.step(0.100)
    assert slow.step(0.140) > RATE_MIN


def test_it_never_falls_below_the_least() -> None:
    levelling = Levelling()
    levelling.step(0.004, heaviest=400)
    for _ in range(20):
        levelling.step(1.0, heaviest=400)
    assert levelling.level.rate == RATE_MIN


def test_it_never_falls_below_half_of_what_the_platform_took_in_a_second() -> None:
    levelling = Levelling()
    levelling.level.took(1_000, 0.2)
    levelling.level.took(3_000, 0.9)
    levelling.level.took(100, 1.1)
    levelling.step(0.004, heaviest=400)
    for _ in range(20):
        levelling.step(1.0, heaviest=400)
    assert levelling.level.rate == 2_000
    # It is remembered for a minute in which nobody is held back.
    for second in range(2, 200):
        levelling.level.took(10, float(second))
        levelling.level.step(float(second), heaviest=10, lightest=None, held_back=True)
    assert levelling.level.least == 2_000
    for second in range(200, 262):
        levelling.level.took(10, float(second))
    levelling.now_s = 262.0
    levelling.step(0.004, heaviest=400)
    for _ in range(20):
        levelling.step(1.0, heaviest=400)
    assert levelling.level.rate == RATE_MIN


LITTLE = 1


def test_for_a_tenant_that_posts_little_it_falls_to_an_eighth_and_back_to_half_without_it() -> None:
    levelling = Levelling()
    levelling.level.took(8_000, 0.2)
    levelling.level.took(100, 1.1)
    levelling.step(0.004, heaviest=400, lightest=LITTLE)
    for _ in range(30):
        levelling.step(1.0, heaviest=10_000, lightest=LITTLE)
    assert levelling.level.rate == levelling.level.least == 1_000
    # It is sheltered for a second, and may post once in it only.
    assert levelling.step(1.0, heaviest=100, lightest=None) == 1_000
    for _ in range(int(SHELTER_FOR_S / STEP_S)):
        levelling.step(1.0, heaviest=100, lightest=None)
    assert levelling.level.least == 4_000
    assert levelling.level.rate >= 4_000


def test_nobody_is_sheltered_while_nobody_is_held_back() -> None:
    levelling = Levelling(40_000)
    levelling.step(0.004, heaviest=400, lightest=LITTLE, held_back=False)
    assert not levelling.level.shelters


def test_for_a_tenant_that_posts_little_it_falls_for_a_shorter_wait() -> None:
    for lightest, falls in ((LITTLE, True), (60, False)):
        levelling = Levelling(4_000)
        levelling.step(0.001, heaviest=400, lightest=lightest)
        before = levelling.level.rate
        rate = levelling.step(0.0025, heaviest=400, lightest=lightest)
        assert (rate < before) is falls
    # Half of the shortest wait is no reason either.
    slow = Levelling(4_000)
    slow.step(0.100, heaviest=400, lightest=LITTLE)
    assert slow.step(0.140, heaviest=400, lightest=LITTLE) > 4_000


def test_for_a_tenant_that_posts_little_it_falls_if_a_few_messages_wait() -> None:
    for waiting, falls in ((3, True), (1, False)):
        levelling = Levelling(4_000)
        levelling.step(0.001, heaviest=400, lightest=LITTLE)
        before = levelling.level.rate
        for wait_s in (*[0.1] * waiting, *[0.001] * 10):
            levelling.level.observe(wait_s)
        assert (levelling.step(0.001, heaviest=400, lightest=LITTLE) < before) is falls


def test_the_second_that_has_begun_counts_as_well() -> None:
    level = FairLevel(lambda: 0.0)
    level.took(1_500, 0.5)
    level.took(1_500, 0.6)
    assert level.least == 1_500


@pytest.mark.parametrize("lightest", [None, 201])
def test_it_does_not_fall_where_that_helps_nobody(lightest: int | None) -> None:
    levelling = Levelling(4_000)
    levelling.step(0.004, heaviest=400)
    assert levelling.step(1.0, heaviest=400, lightest=lightest) > 4_000
    assert levelling.step(1.0, heaviest=400, lightest=200) < 4_000


def test_while_nothing_tells_how_long_messages_wait_it_rises_slowly() -> None:
    levelling = Levelling()
    rates = [levelling.step(None) for _ in range(40)]
    assert RATE_MIN * 2 < rates[-1] < RATE_MIN * 3


def test_a_platform_that_became_slower_is_the_measure_after_a_minute() -> None:
    levelling = Levelling()
    levelling.step(0.004, heaviest=400)
    for _ in range(int(70 / STEP_S)):
        levelling.step(0.020, heaviest=400)
    assert levelling.level.rate > RATE_MIN


def test_it_settles_near_what_the_platform_can_take() -> None:
    """The platform takes 3,000 messages a second; what comes above that waits."""
    levelling = Levelling()
    backlog, rates = 0.0, []
    for _ in range(300):
        posted = levelling.level.rate * STEP_S
        backlog = max(0.0, backlog + posted - 3_000 * STEP_S)
        rates.append(levelling.step(0.004 + backlog / 3_000, heaviest=int(posted)))
    assert min(rates[100:]) > 1_500
    assert max(rates[100:]) < 4_500
    assert sum(rates[100:]) / 200 == pytest.approx(3_000, rel=0.2)


def test_an_operator_may_let_every_tenant_post_more() -> None:
    now_s = 0.0
    level = FairLevel(lambda: now_s, 3_000)
    for _ in range(100):
        now_s += STEP_S
        for _ in range(SAMPLES_MIN):
            level.observe(1.0 if now_s > 1 else 0.001)
        level.step(now_s, heaviest=1_000, lightest=1, held_back=True)
    assert level.shelters
    assert level.rate == level.least == 3_000

"""The pace of background tasks is never above its rate."""

from angarium_gateway.domain.rate_limiter import RateLimiter
from hypothesis import given
from hypothesis import strategies as st

UNITS = st.floats(0.1, 200)
IDLE_S = st.floats(0, 30)


@given(st.floats(1, 1000), st.lists(st.tuples(UNITS, IDLE_S), min_size=1, max_size=40))
def test_no_stretch_of_steps_exceeds_the_rate(
    rate_per_s: float, steps: list[tuple[float, float]]
) -> None:
    pace, now_s, begun = RateLimiter(rate_per_s), 0.0, []
    for units, idle_s in steps:
        begun.append((now_s, units))
        now_s += pace.wait_s(units, now_s) + idle_s
    begun.append((now_s, 0.0))
    for first, (start_s, _) in enumerate(begun):
        for last in range(first + 1, len(begun)):
            passed = sum(units for _, units in begun[first:last])
            assert passed <= rate_per_s * (begun[last][0] - start_s) * (1 + 1e-6) + 1e-6


def test_two_that_share_a_pace_wait_for_each_other() -> None:
    pace = RateLimiter(10)
    assert [pace.wait_s(5, 0.0), pace.wait_s(5, 0.0)] == [0.5, 1.0]


def test_idle_time_is_not_caught_up() -> None:
    pace = RateLimiter(10)
    pace.wait_s(5, 0.0)
    assert pace.wait_s(5, 1000.0) == 0.5

"""A process is started again with growing delays, and given up at the fifth end in a minute."""

from angarium_cli.dev.supervisor import ENDS_MAX, WINDOW_S, restart_delay_s
from hypothesis import given
from hypothesis import strategies as st

TIMES = st.lists(st.floats(min_value=0, max_value=1000), min_size=1, max_size=20)


def test_delays_double_and_the_fifth_end_within_a_minute_is_the_last() -> None:
    ends = [100.0, 101.0, 102.0, 103.0, 104.0]

    delays = [restart_delay_s(ends[: count + 1], ends[count]) for count in range(5)]

    assert delays == [0.25, 0.5, 1.0, 2.0, None]


def test_ends_of_more_than_a_minute_ago_are_forgiven() -> None:
    ends = [number * WINDOW_S / (ENDS_MAX - 1) for number in range(50)]

    for count in range(1, 51):
        assert restart_delay_s(ends[:count], ends[count - 1]) is not None


@given(TIMES)
def test_it_gives_up_exactly_when_too_many_ends_are_recent(times: list[float]) -> None:
    now = max(times)
    recent = [time for time in times if now - time < WINDOW_S]

    delay = restart_delay_s(sorted(times), now)

    assert (delay is None) == (len(recent) >= ENDS_MAX)
    assert delay is None or 0 < delay <= 4


@given(TIMES, st.floats(min_value=0, max_value=1000))
def test_a_later_look_never_waits_longer(times: list[float], later: float) -> None:
    now = max(times)
    soon, late = restart_delay_s(times, now), restart_delay_s(times, now + later)

    assert soon is None or (late is not None and late <= soon)

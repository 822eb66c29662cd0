"""What is read out of arrivals: lost, doubled, strayed, peaks and shares of retries."""

import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))

from arrival_measures import account, peak_in_window, rate_between, traffic_between
from arrivals import NO_ANSWER, Arrivals
from recovery import Turns, figures
from tools import Accepted

NS = 1_000_000_000


def arrivals_of(*rows: tuple[str, int, float, int]) -> Arrivals:
    """Rows of message, endpoint, second and status."""
    arrivals = Arrivals()
    for message, endpoint, second, status in rows:
        arrivals.add(message, endpoint, int(second * NS), status)
    return arrivals


def test_every_message_once_at_every_endpoint_adds_up() -> None:
    rows = [(message, endpoint, 1, 200) for message in "ab" for endpoint in range(3)]
    made = account(arrivals_of(*rows), {"a": range(3), "b": range(3)})
    assert made.adds_up
    assert made.expected == made.delivered == 6


def test_a_delivery_that_one_endpoint_misses_is_lost() -> None:
    made = account(arrivals_of(("a", 0, 1, 200)), {"a": range(2)})
    assert made.lost == 1
    assert not made.adds_up


def test_an_arrival_after_the_delivery_is_a_duplicate_and_one_before_it_a_retry() -> None:
    made = account(
        arrivals_of(("a", 0, 1, 503), ("a", 0, 2, NO_ANSWER), ("a", 0, 3, 200)), {"a": (0,)}
    )
    assert made.adds_up
    assert made.delivered_at_ns == {("a", 0): 3 * NS}
    again = account(arrivals_of(("a", 0, 1, 200), ("a", 0, 2, 200)), {"a": (0,)})
    assert again.duplicates == 1
    assert not again.adds_up


def test_a_delivery_to_another_endpoint_is_astray_and_lost_to_its_own() -> None:
    made = account(arrivals_of(("a", 1, 1, 200)), {"a": (0,)})
    assert (made.stray, made.lost) == (1, 1)


def test_what_was_never_acknowledged_is_counted_and_no_fault() -> None:
    made = account(arrivals_of(("a", 0, 1, 200), ("b", 0, 1, 200)), {"a": (0,)})
    assert made.unacknowledged == 1
    assert made.adds_up


def test_what_the_receiver_could_not_keep_does_not_add_up() -> None:
    arrivals = arrivals_of(("a", 0, 1, 200))
    arrivals.untracked = 1
    assert not account(arrivals, {"a": (0,)}).adds_up


def test_arrivals_survive_the_way_through_a_file(tmp_path: Path) -> None:
    written = arrivals_of(("a", 7, 1, 200), ("b", 999_999, 2.5, NO_ANSWER), ("a", 7, 3, 503))
    written.unreadable = 4
    written.write(tmp_path / "arrivals")
    assert list(Arrivals.read(tmp_path / "arrivals")) == list(written)
    assert Arrivals.read(tmp_path / "arrivals").unreadable == 4


def test_a_peak_is_found_across_the_edges_of_whole_seconds() -> None:
    times_ns = [int(second * NS) for second in (0.1, 0.8, 0.9, 1.1, 1.2, 1.75, 3.0)]
    assert peak_in_window(times_ns, NS) == 5
    assert peak_in_window([0, NS], NS) == 1
    assert peak_in_window([], NS) == 0


@given(st.lists(st.integers(0, 200)), st.integers(1, 50))
def test_the_peak_is_that_of_the_fullest_window(times_ns: list[int], window_ns: int) -> None:
    times_ns.sort()
    fullest = max(
        (sum(start <= time < start + window_ns for time in times_ns) for start in times_ns),
        default=0,
    )
    assert peak_in_window(times_ns, window_ns) == fullest


def test_a_rate_counts_from_the_start_up_to_the_end() -> None:
    assert rate_between([0, NS, 2 * NS], 0, 2 * NS) == 1.0
    assert rate_between([5], 5, 5) == 0.0


def test_a_retry_is_known_by_an_arrival_before_at_the_same_endpoint() -> None:
    arrivals = arrivals_of(
        ("a", 0, 1, 503), ("a", 0, 2, 503), ("a", 1, 3, 503), ("b", 0, 4, 200), ("b", 0, 9, 200)
    )
    traffic = traffic_between(arrivals, 2 * NS, 5 * NS)
    assert (traffic.requests, traffic.retries) == (3, 1)
    assert traffic.retry_share == 1 / 3
    assert traffic_between(arrivals, 6 * NS, 7 * NS).retry_share == 0


def test_a_recovery_is_told_by_its_rates_its_backlog_and_its_retries() -> None:
    steady = [(f"s{n}", 0, 10 + n / 2, 200) for n in range(10)]
    down = [("d", 0, 15.5, 503)]
    half = [("d", 0, 20.5, 503), ("e", 0, 20.6, 200)]
    up = [("d", 0, 25.2, 200), ("f", 0, 25.3, 200), ("new", 0, 29, 200)]
    arrivals = arrivals_of(*steady, *down, *half, *up)
    sent_s = {"d": 15.4, "e": 16, "f": 17, "new": 28.9}
    accepted = [
        Accepted(id=message, due_ns=0, sent_ns=int(sent_s.get(message, 10) * NS), answered_ns=0)
        for message in arrivals.ids
    ]
    made = account(arrivals, {message.id: (0,) for message in accepted})
    turns = Turns(down_ns=15 * NS, some_ns=20 * NS, up_ns=25 * NS)
    told = {figure.name: figure.value for figure in figures(arrivals, made, accepted, turns)}
    assert told == {
        "steady rate/s": 2.0,
        "requests while down": 1,
        "peak/s after coming up": 2,
        "peak by steady rate": 1.0,
        "backlog when up": 2,
        "s until it is delivered": 0.3,
        "requests while down and half up": 3,
        "retries among them": 1 / 3,
    }


def test_a_backlog_that_is_never_delivered_has_no_time() -> None:
    arrivals = arrivals_of(("a", 0, 1, 503))
    accepted = [Accepted(id="a", due_ns=0, sent_ns=0, answered_ns=0)]
    turns = Turns(down_ns=NS, some_ns=2 * NS, up_ns=2 * NS)
    made = account(arrivals, {"a": (0,)})
    told = {figure.name: figure.value for figure in figures(arrivals, made, accepted, turns)}
    assert told["backlog when up"] == 1
    assert told["s until it is delivered"] is None

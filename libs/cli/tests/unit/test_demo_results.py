"""The demo's output: a line an arrival, a table at the end."""

import asyncio
import io
import re

from angarium_cli.demo.receiver import Arrival
from angarium_cli.demo.results import (
    ArrivalCounter,
    EndpointCount,
    arrival_line,
    heading,
    summary,
    verdict,
)
from angarium_cli.demo.scenario import ENDPOINTS
from rich.console import Console

FIRST = "msg_0352KGUY6bJjEsxgYnGl7w"


def arrival(
    endpoint: str, attempt: int = 1, status: int = 200, *, message: str = FIRST, good: bool = True
) -> Arrival:
    return Arrival(message, endpoint, attempt, status, after_ms=12 * attempt, verified=good)


def counts(tally: ArrivalCounter, expected: set[tuple[str, str]]) -> list[EndpointCount]:
    return [tally.count(endpoint.name, expected) for endpoint in ENDPOINTS]


def test_a_line_tells_message_endpoint_attempt_status_time_and_signature() -> None:
    line = arrival_line(arrival("flaky", 2, 500)).plain

    assert line.split() == [FIRST, "flaky", "2", "500", "24", "verified"]
    assert "WRONG" in arrival_line(arrival("flaky", good=False)).plain


def test_the_columns_stand_below_their_headings() -> None:
    line, above = arrival_line(arrival("healthy")).plain, heading().plain

    for value, name in ((FIRST, "message"), ("healthy", "endpoint"), ("verified", "signature")):
        assert line.index(value) == above.index(name)
    for value, name in ((" 1 ", "attempt"), ("200", "status"), (" 12 ", "ms")):
        assert line.index(value) + len(value.rstrip()) == above.index(name) + len(name)
    assert len(above) <= 80


def test_the_summary_counts_what_was_expected() -> None:
    expected = {(FIRST, "healthy"), (FIRST, "flaky"), ("msg_2", "signups")}
    tally = ArrivalCounter()
    for each in (
        arrival("healthy"),
        arrival("flaky", 1, 500),
        arrival("flaky", 2, 500),
        arrival("flaky", 3),
        arrival("healthy", message="msg_of_an_earlier_run"),
    ):
        tally.add(each)

    healthy, flaky, signups = counts(tally, expected)

    assert (healthy.delivered, healthy.attempts, healthy.verified) == (1, 1, 1)
    assert (flaky.expected, flaky.delivered, flaky.attempts, flaky.first_ms) == (1, 1, 3, 12)
    assert (signups.expected, signups.delivered, signups.first_ms) == (1, 0, None)


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    expected = {(FIRST, endpoint.name) for endpoint in ENDPOINTS}
    tally = ArrivalCounter()
    for endpoint in ENDPOINTS:
        tally.add(arrival(endpoint.name))

    console.print(summary(ENDPOINTS, counts(tally, expected)))

    lines = out.getvalue().splitlines()
    assert "…" not in out.getvalue()
    assert max(len(line) for line in lines) <= 80
    flaky = next(line for line in lines if "flaky" in line)
    assert re.split("  +", flaky.strip()) == [
        "flaky",
        "invoice.paid",
        "2 times",
        "1 of 1",
        "1",
        "1",
        "12 ms",
    ]


def test_the_verdict_is_one_sentence() -> None:
    expected = {(FIRST, "healthy"), (FIRST, "signups")}
    tally = ArrivalCounter()
    tally.add(arrival("healthy"))
    tally.add(arrival("signups", status=401, good=False))

    assert verdict(counts(tally, expected)).plain == (
        "1 of 2 deliveries in 2 attempts, 1 signatures verified."
    )


async def test_waiting_ends_with_the_last_expected_delivery() -> None:
    tally = ArrivalCounter()
    expected = {(FIRST, "healthy"), (FIRST, "flaky")}
    waiting = asyncio.create_task(tally.until_accepted(expected, 30))
    tally.add(arrival("healthy"))
    tally.add(arrival("flaky", 1, 500))
    await asyncio.sleep(0)
    assert not waiting.done()

    tally.add(arrival("flaky", 2))

    assert await waiting


async def test_waiting_is_given_up() -> None:
    assert not await ArrivalCounter().until_accepted({(FIRST, "healthy")}, 0.001)

"""How the demo shows arrivals and its summary."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from angarium_cli.demo.receiver import Arrival
from angarium_cli.demo.scenario import DemoEndpoint
from angarium_cli.demo.tally import EndpointCount

_MESSAGE_WIDTH = 26


def heading() -> Text:
    """The line above the arrivals."""
    return Text(
        f"  {'message':<{_MESSAGE_WIDTH}}  {'endpoint':<8}  {'attempt':>7}  {'status':>6}"
        f"  {'ms':>6}  signature",
        "bold",
    )


def arrival_line(arrival: Arrival) -> Text:
    """One arrival: message, endpoint, attempt, status, milliseconds since accepted, signature."""
    good = arrival.status == 200
    line = Text(f"  {arrival.message_id:<{_MESSAGE_WIDTH}}  {arrival.endpoint:<8}")
    line.append(f"  {arrival.attempt:>7}  ")
    line.append(f"{arrival.status:>6}", "green" if good else "yellow")
    line.append(f"  {arrival.after_ms:>6}  ")
    line.append(*(("verified", "green") if arrival.verified else ("WRONG", "bold red")))
    return line


def summary(endpoints: Sequence[DemoEndpoint], counts: Sequence[EndpointCount]) -> Table:
    """The closing table: what each endpoint is, and what came of it. Fits 80 columns."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("endpoint", "wants", "fails"):
        table.add_column(name, no_wrap=True)
    for name in ("delivered", "attempts", "verified", "first"):
        table.add_column(name, justify="right", no_wrap=True)
    for endpoint, count in zip(endpoints, counts, strict=True):
        complete = count.delivered == count.expected
        table.add_row(
            endpoint.name,
            " ".join(endpoint.event_types) or "every type",
            f"{endpoint.failures} times" if endpoint.failures else "never",
            Text(f"{count.delivered} of {count.expected}", "green" if complete else "bold red"),
            str(count.attempts),
            str(count.verified),
            "-" if count.first_ms is None else f"{count.first_ms:.0f} ms",
        )
    return table


def verdict(counts: Sequence[EndpointCount]) -> Text:
    """One sentence on how it went."""
    delivered, expected = sum(c.delivered for c in counts), sum(c.expected for c in counts)
    attempts, verified = sum(c.attempts for c in counts), sum(c.verified for c in counts)
    signatures = (
        "every signature verified" if attempts == verified else f"{verified} signatures verified"
    )
    good = delivered == expected and attempts == verified
    return Text(
        f"{delivered} of {expected} deliveries in {attempts} attempts, {signatures}.",
        "green" if good else "bold red",
    )

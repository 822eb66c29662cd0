"""How the demo shows arrivals and its summary."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from angarium_cli.demo.receiver import Arrival
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


def summary(counts: Sequence[EndpointCount], behaviour: Mapping[str, str]) -> Table:
    """The closing table; `behaviour` says what each endpoint does."""
    table = Table(title="Demo", title_justify="left", title_style="bold")
    for name in ("endpoint", "what it does"):
        table.add_column(name)
    for name in ("delivered", "attempts", "verified", "first after"):
        table.add_column(name, justify="right", no_wrap=True)
    for count in counts:
        complete = count.delivered == count.expected
        table.add_row(
            count.endpoint,
            behaviour[count.endpoint],
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

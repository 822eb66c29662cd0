"""The table that the suite prints."""

from collections.abc import Sequence

from .trial import Account, total

_HEADINGS = ("accepted", "refused", "lost", "twice", "in flight", "flows s", "all s", "human")


def line(account: Account) -> str:
    """One fault's line; its notes and problems below."""
    values = (
        f"{account.accepted}",
        f"{account.refused}",
        f"{account.lost}",
        f"{account.duplicated}",
        f"{account.in_flight}",
        f"{account.flows_after_s:.1f}",
        f"{account.caught_up_after_s:.1f}",
        f"{account.human_actions}",
    )
    verdict = "FAIL" if account.problems else "ok"
    columns = " ".join(f"{value:>9}" for value in values)
    lines = [f"{account.fault:<52} {columns}  {verdict}"]
    lines += [f"    {note}" for note in account.notes]
    lines += [f"    PROBLEM: {problem}" for problem in account.problems]
    return "\n".join(lines)


def heading() -> str:
    """The head of the columns."""
    return f"{'fault':<52} " + " ".join(f"{name:>9}" for name in _HEADINGS)


def summary(accounts: Sequence[Account]) -> str:
    """The closing lines."""
    sums = total(list(accounts))
    failed = [account.fault for account in accounts if account.problems]
    text = (
        f"{len(accounts)} faults: {sums['accepted']} messages accepted, {sums['refused']} posts"
        f" refused and asked again, {sums['lost']} lost, {sums['duplicated']} received twice."
    )
    return f"{text}\nFailed: {', '.join(failed)}" if failed else text

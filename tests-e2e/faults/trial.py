"""One fault under load, and its account: what clients, databases and the receiver know of it."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import asyncpg

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .databases import Books, Databases
from .stage import Stage
from .steady_load import SteadyLoad

WARM_MESSAGES_MAX = 100
SETTLE_S = 60.0
STANDSTILL_S = 1.0
"""So long without a webhook, while messages are accepted, nothing flows."""
_WARM_S = 30.0
_NS = 1e9


@dataclass(slots=True)
class Account:
    """The line of one fault. Times are seconds; `problems` is empty when all is as it must be."""

    fault: str
    accepted: int = 0
    refused: int = 0
    lost: int = 0
    duplicated: int = 0
    in_flight: int = 0
    flows_after_s: float = 0.0
    """From the fault's end (of a kill: from the kill) until there is no standstill any more."""
    caught_up_after_s: float = 0.0
    """Until the last message that was kept waiting has arrived."""
    human_actions: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a problem unless it holds."""
        if not holds:
            self.problems.append(otherwise)


class Trial:
    """Load on one application with one endpoint, from `with` on; a second of it has arrived.

    Mark the fault with `fault()` (something that lasts) or `blow()` (something that happens),
    then `conclude`.
    """

    def __init__(
        self,
        stage: Stage,
        fault: str,
        *,
        rate: float | None = None,
        path: str = "/ok",
        **load: str,
    ) -> None:
        self.stage = stage
        self.account = Account(fault)
        self.databases = Databases(stage.database_urls)
        self.receiver = WebhookReceiver()
        self.app = ""
        self.load: SteadyLoad
        self.began_ns = self.ended_ns = 0
        self.gone_with_the_server: set[str] = set()
        """Messages that a fail-over may lose by the setting of its servers."""
        self._rate = stage.rate if rate is None else rate
        self._path = path
        self._load_options = load

    def __enter__(self) -> Self:
        self.receiver.__enter__()
        try:
            url = f"{self.stage.receiver_url(self.receiver)}{self._path}"
            self.app = self.stage.new_application(url)
            self.load = self.stage.load(self.app, self._rate, **self._load_options)
            self.load.__enter__()
            warm = min(WARM_MESSAGES_MAX, int(self.stage.rate))
            assert self.receiver.wait_for(warm, _WARM_S), "the load does not arrive"
        except BaseException:
            self.receiver.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.load.__exit__()
        if error[0] is not None:
            with suppress(Exception):
                self._keep_ledgers(None)
        self.receiver.__exit__()

    def blow(self) -> None:
        """The fault happens now; call again for each further one."""
        self.note_in_flight()
        self.began_ns = self.began_ns or time.monotonic_ns()
        self.ended_ns = time.monotonic_ns()

    @contextmanager
    def fault(self) -> Iterator[None]:
        """The fault lasts as long as the block."""
        self.note_in_flight()
        self.began_ns = self.began_ns or time.monotonic_ns()
        yield
        self.ended_ns = time.monotonic_ns()

    def note_in_flight(self) -> None:
        """The messages under way, from outside: open in the databases, or posted and unanswered. A
        fault by which an earlier state returns calls it at the moment of that state too."""
        with suppress(asyncpg.PostgresError, OSError, TimeoutError):
            self.account.in_flight += self.databases.open_messages()
        # What came in between the look and the fault.
        self.account.in_flight += self.load.open + int(self._rate / 2)

    def run_for(self, seconds: float) -> None:
        """Let the load go on."""
        time.sleep(seconds)

    def run_on(self, seconds: float) -> None:
        """Let the load go on after the fault, for as long as the stage allows."""
        self.run_for(min(seconds, self.stage.load_after_s_max))

    def arrived(self) -> int:
        """Distinct webhooks so far."""
        return int(self.receiver.summary()["distinct"])

    def await_flow(self, timeout_s: float = 60.0) -> None:
        """Wait until a second's worth of further messages has arrived."""
        wanted = self.arrived() + int(self._rate)
        assert self.receiver.wait_for(wanted, timeout_s), f"nothing flows after {timeout_s:g} s"

    def conclude(
        self, *, settle_s: float = SETTLE_S, flows_within_s: float = 10.0, human_actions: int = 0
    ) -> Account:
        """End the load, wait until everything has settled, compare the three ledgers."""
        account = self.account
        account.human_actions = human_actions
        self.load.finish(settle_s)
        answered = {
            id_: post
            for id_, post in self.load.answered.items()
            if id_ not in self.gone_with_the_server
        }
        with suppress(AssertionError):
            self.receiver.wait_for_ids(set(answered), settle_s)
        with suppress(AssertionError):
            until(self._settled, settle_s, "everything is settled")
        with suppress(AssertionError):
            until(lambda: not self.databases.uncounted(), settle_s, "statistics are complete")
        books = self.databases.books(self.app)
        entries = {
            entry["id"]: entry
            for entry in self.receiver.entries()
            if entry["id"] not in self.gone_with_the_server
        }
        account.accepted = len(answered)
        account.refused = self.load.refusals.total()
        if account.refused:
            kinds = ", ".join(
                f"{times}× {status or 'no answer'}"
                for status, times in sorted(self.load.refusals.items())
            )
            account.notes.append(f"refused: {kinds}")
        account.lost = len({id_ for id_ in answered if not _accepted(entries.get(id_))})
        account.duplicated = sum(entry["after_accepted"] for entry in entries.values())
        self._compare(account, set(answered), books, entries)
        self._measure_flow(account, entries)
        flows_within_s *= self.stage.patience
        account.expect(
            account.flows_after_s <= flows_within_s,
            f"webhooks flow after {account.flows_after_s:.1f} s, not {flows_within_s:g}",
        )
        if account.problems:
            self._keep_ledgers(books)
        return account

    def _settled(self) -> bool:
        try:
            if self.databases.open_batches():
                return False
            books = self.databases.books(self.app)
        except (asyncpg.PostgresError, OSError, TimeoutError):
            return False
        wanted = set(self.load.answered) - self.gone_with_the_server
        return not books.pending and wanted <= books.successes.keys()

    def _compare(
        self, account: Account, answered: set[str], books: Books, entries: dict[str, Any]
    ) -> None:
        received = entries.keys()
        expect = account.expect
        expect(not account.lost, f"{account.lost} accepted messages were not received")
        missing = answered - books.journal
        expect(not missing, f"{len(missing)} messages with a 2xx are not in the journal")
        # Every post was asked again under its key until it was answered.
        extra = books.journal - answered
        expect(not extra, f"{len(extra)} messages are stored beside those answered")
        made_up = received - books.journal
        expect(not made_up, f"{len(made_up)} webhooks are of no message")
        unrecorded = answered - books.successes.keys()
        expect(not unrecorded, f"{len(unrecorded)} deliveries have no success on record")
        expect(not books.pending, f"{len(books.pending)} deliveries are pending still")
        expect(not self.databases.open_batches(), "batches are open still")
        expect(
            account.duplicated <= account.in_flight,
            f"{account.duplicated} duplicates, but {account.in_flight} were in flight",
        )
        over = [
            id_
            for id_, times in books.successes.items()
            if id_ in entries and times > max(1, entries[id_]["accepted_times"])
        ]
        expect(not over, f"{len(over)} messages have more successes on record than receptions")
        twice = sum(times - 1 for times in books.successes.values() if times > 1)
        if twice:
            account.notes.append(f"{twice} successes on record twice")
        differences = self.databases.statistics_differences()
        expect(not differences, f"statistics are not exact: {differences[:3]}")
        if uncounted := self.databases.uncounted():
            account.notes.append(f"statistics lack {uncounted} rows")
        unclear = self.load.unclear_refusals
        expect(not unclear, f"unclear refusals: {dict(unclear.most_common(3))}")

    def _measure_flow(self, account: Account, entries: dict[str, Any]) -> None:
        """From receptions: standstills after the fault began, and who came late."""
        if not self.began_ns:
            return
        begun_ns, ended_ns = self.began_ns, self.ended_ns
        times_ns = sorted(entry["first_ns"] for entry in entries.values())
        after_ns = [begun_ns, *(at_ns for at_ns in times_ns if at_ns > begun_ns)]
        for earlier_ns, later_ns in pairwise(after_ns):
            if later_ns - earlier_ns > STANDSTILL_S * _NS:
                account.flows_after_s = max(0.0, (later_ns - ended_ns) / _NS)
        late_ns = [
            entries[id_]["first_ns"]
            for id_, post in self.load.answered.items()
            if id_ in entries and entries[id_]["first_ns"] - post.answered_ns > STANDSTILL_S * _NS
        ]
        account.caught_up_after_s = max(0.0, (max(late_ns, default=0) - ended_ns) / _NS)

    def _keep_ledgers(self, books: Books | None) -> None:
        """For whoever looks into a ledger that does not add up."""
        name = "".join(c if c.isalnum() else "-" for c in self.account.fault)
        kept: dict[str, Any] = {
            "clients": [
                [post.number, post.id, post.began_ns, post.answered_ns, post.refusals]
                for post in self.load.posts
            ],
            "receiver": [
                {key: value for key, value in entry.items() if key not in ("body", "signature")}
                for entry in self.receiver.entries()
            ],
            "fault_ns": [self.began_ns, self.ended_ns],
        }
        if books is not None:
            kept |= {
                "journal": sorted(books.journal),
                "successes": dict(books.successes),
                "failures": dict(books.failures),
                "pending": sorted(books.pending),
            }
        path = self.stage.folder / f"ledgers-{name}.json"
        path.write_text(json.dumps(kept))
        self.account.notes.append(f"ledgers: {path.name}")


def _accepted(entry: dict[str, Any] | None) -> bool:
    return entry is not None and entry["accepted_times"] > 0


def total(accounts: list[Account]) -> Counter[str]:
    """Sums over accounts, for the table's last line."""
    sums: Counter[str] = Counter()
    for account in accounts:
        for name in ("accepted", "refused", "lost", "duplicated"):
            sums[name] += getattr(account, name)
    return sums

"""Consumers that poll while processes are killed and Redis is wiped: nothing is passed by."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from random import Random
from typing import Self

import asyncpg
import httpx

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .databases import Books, Databases
from .member import Member
from .stage import Stage
from .trial import SETTLE_S, Account

RATE = 15.0
WARM_MESSAGES = 10
_WARM_S = 30.0
_PAGE = 25
_AGAIN_S = 0.05


class PollingConsumer:
    """Polls an endpoint as a stored consumer, from `with` on, at one gateway after the other.

    What it has processed it confirms with its next request. After an error it forgets the
    iterator, as a process that starts again: the server's position decides what it gets.
    """

    def __init__(self, stage: Stage, path: str) -> None:
        self._stage = stage
        self._path = f"{path}/consumer/faults"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.polled: list[str] = []
        """Message ids in the order in which they were polled, those that came again included."""
        self.errors = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def distinct(self) -> list[str]:
        """Message ids in the order in which each was polled first."""
        return list(dict.fromkeys(self.polled))

    def _run(self) -> None:
        turn, iterator = 0, None
        clients = [self._stage.api(number) for number in range(len(self._stage.of("gateway")))]
        while not self._stopped.is_set():
            options = {"limit": str(_PAGE)} | ({} if iterator is None else {"iterator": iterator})
            try:
                answer = clients[turn % len(clients)].get(self._path, params=options)
                page = answer.raise_for_status().json()
            except (httpx.HTTPError, ValueError):
                self.errors += 1
                turn, iterator = turn + 1, None
                self._stopped.wait(_AGAIN_S)
                continue
            self.polled += [message["id"] for message in page["data"]]
            iterator = page["iterator"]
            if page["done"]:
                self._stopped.wait(_AGAIN_S)
        for client in clients:
            client.close()


def polled_through_faults(
    stage: Stage, random: Random, *, services: tuple[str, ...] = ("worker", "gateway", "dispatcher")
) -> Account:
    """A process of each service is killed, then Redis wiped, while one consumer polls an ordered
    endpoint and one an endpoint without order."""
    account = Account(f"polling: SIGKILL of {', '.join(services)}, FLUSHALL")
    databases = Databases(stage.database_urls)
    app = stage.new_application()
    with stage.api() as api:
        for uid, ordering in (("free", "none"), ("ordered", "fifo")):
            endpoint = {"url": "poll://messages", "uid": uid, "ordering": ordering}
            api.post(f"{app}/endpoint", json=endpoint).raise_for_status()
    with (
        stage.load(app, RATE) as load,
        PollingConsumer(stage, f"{app}/poller/free") as free,
        PollingConsumer(stage, f"{app}/poller/ordered") as in_order,
    ):
        consumers = (free, in_order)
        until(_each_has(consumers, WARM_MESSAGES), SETTLE_S, "messages are polled")
        for service in services:
            time.sleep(random.uniform(0.1, 0.5))
            _kill(random.choice(stage.of(service)))
        with stage.redis() as client:
            client.flushall()
        time.sleep(0.5)
        load.finish(SETTLE_S)
        answered = set(load.answered)
        _await_all(consumers, answered)
        stage.await_ready()
    account.accepted, account.refused = len(answered), load.refusals.total()
    account.lost = len({id_ for one in consumers for id_ in answered - set(one.polled)})
    account.duplicated = sum(len(one.polled) - len(one.distinct) for one in consumers)
    _compare(account, databases, app, answered, consumers)
    return account


def _each_has(
    consumers: tuple[PollingConsumer, ...], count: int, *, above: int = 0
) -> Callable[[], bool]:
    """True if each has polled `count` messages, and all of them more than `above`."""

    def holds() -> bool:
        counts = [len(consumer.polled) for consumer in consumers]
        return min(counts) >= count and sum(counts) > above

    return holds


def _await_all(consumers: tuple[PollingConsumer, ...], answered: set[str]) -> None:
    """Wait until all is polled, or until nothing more has been polled for `SETTLE_S`."""
    with suppress(AssertionError):
        while any(answered - set(consumer.polled) for consumer in consumers):
            polled = sum(len(consumer.polled) for consumer in consumers)
            until(_each_has(consumers, 0, above=polled), SETTLE_S, "more is polled")


def _kill(member: Member) -> None:
    until(lambda: member.alive, _WARM_S, f"{member.name} runs")
    member.signal(signal.SIGKILL)


def _compare(
    account: Account,
    databases: Databases,
    app: str,
    answered: set[str],
    consumers: tuple[PollingConsumer, ...],
) -> None:
    books = _settled_books(databases, app)
    free, in_order = consumers
    expect = account.expect
    expect(not account.lost, f"{account.lost} accepted messages were not polled")
    expect(books.journal == answered, "the journal has other messages than those answered")
    expect(not books.pending, f"{len(books.pending)} deliveries are pending still")
    for consumer in consumers:
        expect(set(consumer.polled) <= books.journal, "messages were polled that are not stored")
    once = [id_ for id_ in answered if books.successes[id_] < len(consumers)]
    expect(not once, f"{len(once)} deliveries have no success on record")
    expect(in_order.distinct == sorted(in_order.distinct), "the ordered endpoint lost its order")
    account.notes.append(
        f"polls that failed: {free.errors + in_order.errors}; first polled out of order without"
        f" `fifo`: {_inversions(free.distinct)}"
    )


def _settled_books(databases: Databases, app: str) -> Books:
    with suppress(AssertionError, asyncpg.PostgresError, OSError):
        until(lambda: not databases.books(app).pending, SETTLE_S, "nothing is pending")
    return databases.books(app)


def _inversions(ids: list[str]) -> int:
    return sum(later < earlier for earlier, later in pairwise(ids))

"""Stream entries published three times, entries in another order, and entries nobody can read."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from random import Random
from typing import Any

import redis
from angarium_contracts.stream_names import (
    deliveries_requested,
    deliveries_settled,
    messages_accepted,
    quarantine,
)

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .stage import Stage
from .trial import Account, Trial

COPIES = 2
_BLOCK_MS = 50
_REMEMBERED_MAX = 200_000
QUARANTINED_WITHIN_S = 60.0


class Copier:
    """Adds each entry that appears in the streams COPIES times more, late by up to `late_s`."""

    def __init__(self, stage: Stage, random: Random, late_s: float) -> None:
        self.copied = 0
        self._stage = stage
        self._random = random
        self._late_s = late_s
        self._copies: set[bytes] = set()
        self._due: list[tuple[float, bytes, dict[bytes, bytes]]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Copier":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with self._stage.redis() as client:
            known: dict[bytes, bytes] = {}
            while not self._ended.is_set():
                for stream in self._streams(client):
                    known.setdefault(stream, b"$")
                read: Any = client.xread(dict(known), count=200, block=_BLOCK_MS)
                for stream, entries in read:
                    for entry_id, fields in entries:
                        known[stream] = entry_id
                        self._note(stream, entry_id, fields)
                self._copy_due(client)
            self._copy_due(client, all_of_them=True)

    def _streams(self, client: "redis.Redis") -> list[bytes]:
        fixed = [messages_accepted(0).encode(), deliveries_requested(0).encode()]
        settled = list(client.scan_iter(match=deliveries_settled("*"), count=1000))
        return [*fixed, *settled]

    def _note(self, stream: bytes, entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        if entry_id in self._copies:
            self._copies.discard(entry_id)
            return
        for _ in range(COPIES):
            at_s = time.monotonic() + self._random.uniform(0, self._late_s)
            self._due.append((at_s, stream, fields))

    def _copy_due(self, client: "redis.Redis", *, all_of_them: bool = False) -> None:
        now_s = time.monotonic()
        due = [one for one in self._due if all_of_them or one[0] <= now_s]
        self._due = [one for one in self._due if not (all_of_them or one[0] <= now_s)]
        self._random.shuffle(due)
        if len(self._copies) > _REMEMBERED_MAX:
            raise RuntimeError("copies that were never read")
        for _, stream, fields in due:
            copy = client.xadd(stream, dict(fields.items()))
            assert isinstance(copy, bytes)
            self._copies.add(copy)
            self.copied += 1


def published_three_times(stage: Stage, random: Random, *, late_s: float) -> Account:
    """Each entry of every stream comes three times, the copies at random within `late_s`."""
    with Trial(stage, f"Every entry published three times, within {late_s:g} s") as trial:
        with trial.fault(), Copier(stage, random, late_s) as copier:
            trial.run_for(5)
        trial.account.notes.append(f"{copier.copied} copies")
        trial.run_for(2)
        account = trial.conclude()
        return _once(trial, account)


def reordered(stage: Stage, random: Random) -> Account:
    """What waits in a stream is put into another order, several times."""
    with Trial(stage, "Entries reordered") as trial:
        moved = 0
        with trial.fault():
            for _ in range(4):
                for service, stream in (
                    ("dispatcher", messages_accepted(0)),
                    ("worker", deliveries_requested(0)),
                ):
                    with _paused(stage, service):
                        trial.run_for(0.6)
                        moved += _shuffle(stage, stream, random)
        trial.account.notes.append(f"{moved} entries moved")
        trial.run_for(2)
        account = trial.conclude()
        return _once(trial, account)


@contextmanager
def _paused(stage: Stage, service: str) -> Iterator[None]:
    members = stage.of(service)
    for member in members:
        member.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for member in members:
            member.signal(signal.SIGCONT)


def _shuffle(stage: Stage, stream: str, random: Random) -> int:
    """Move the entries that no consumer has read. The groups' readers are paused."""
    with stage.redis() as client:
        groups: Any = client.xinfo_groups(stream)
        last = max((group["last-delivered-id"] for group in groups), default=b"0-0")
        waiting: Any = client.xrange(stream, min=b"(" + last)
        if len(waiting) < 2:
            return 0
        random.shuffle(waiting)
        with client.pipeline(transaction=True) as pipe:
            pipe.xdel(stream, *(entry_id for entry_id, _ in waiting))
            for _, fields in waiting:
                pipe.xadd(stream, fields)
            pipe.execute()
        return len(waiting)


def _once(trial: Trial, account: Account) -> Account:
    books = trial.databases.books(trial.app)
    more = [id_ for id_, numbers in books.numbers.items() if len(numbers) > 1]
    account.expect(not more, f"{len(more)} deliveries have more than one attempt on record")
    account.expect(not account.duplicated, f"{account.duplicated} webhooks came twice")
    return account


def poisoned(stage: Stage, random: Random) -> Account:
    """Entries that are none, cut short, or of a version that nobody knows, among the others."""
    with Trial(stage, "Poison, truncated and unknown entries") as trial:
        with stage.redis() as client, trial.fault():
            before = {
                service: _quarantined(client, service) for service in ("dispatcher", "worker")
            }
            put = {
                "dispatcher": _put_poison(client, messages_accepted(0), random),
                "worker": _put_poison(client, deliveries_requested(0), random),
            }
            account = trial.account
            for service, bodies in put.items():
                with suppress(AssertionError):
                    until(
                        partial(_holds, client, service, before[service] + len(bodies)),
                        QUARANTINED_WITHIN_S,
                        "all poison is quarantined",
                    )
                kept: Any = client.xrange(quarantine(service))
                found = {fields[b"body"] for _, fields in kept}
                reasons = {fields[b"reason"].decode()[:40] for _, fields in kept}
                account.expect(
                    all(any(body in one for one in found) for body in bodies),
                    f"{service}: not all poison is kept with its bytes",
                )
                account.notes.append(f"{service}: {len(bodies)} quarantined: {sorted(reasons)}")
        trial.run_on(2)
        account = trial.conclude()
        held_up_s = account.flows_after_s
        account.expect(held_up_s < stage.patience, f"others were held up for {held_up_s:.1f} s")
        account.expect(not account.duplicated, f"{account.duplicated} webhooks came twice")
        return account


def _holds(client: "redis.Redis", service: str, count: int) -> bool:
    """Whether so many entries are in the quarantine."""
    return _quarantined(client, service) >= count


def _quarantined(client: "redis.Redis", service: str) -> int:
    return int(client.xlen(quarantine(service)))


def _put_poison(client: "redis.Redis", stream: str, random: Random) -> list[bytes]:
    """Put poison into a stream; gives what must be found in the quarantine."""
    name = b"__data__"
    real: Any = client.xread({stream: "$"}, count=1, block=5_000)
    fields: dict[bytes, bytes] = real[0][1][0][1]
    name, body = next(iter(fields.items()))
    bodies = [
        random.randbytes(64),
        b"{}",
        b"",
        body[: len(body) // 2],
        body.replace(b"/1", b"/9", 1),
    ]
    for one in bodies:
        client.xadd(stream, {name: one})
    client.xadd(stream, {"stranger": b"no entry of ours"})
    return [*bodies, b"no entry of ours"]

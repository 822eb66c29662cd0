"""What the receiver remembers of every webhook that reached it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec

ENTRIES_MAX = 5_000_000
KEPT_BODY_BYTES_MAX = 256 * 1024 * 1024


class Entry(msgspec.Struct, gc=False):
    """All receptions of one webhook id on one path.

    Times are CLOCK_MONOTONIC nanoseconds, comparable between the processes of one machine; the
    timestamp, signature and body are those of the latest reception.
    """

    id: str
    path: str
    times: int
    first_ns: int
    last_ns: int
    timestamp: str
    signature: str
    accepted_times: int = 0
    after_accepted: int = 0
    body: str | None = None


@dataclass(slots=True)
class Ledger:
    """Receptions by path and webhook id; at most ENTRIES_MAX, further ones are only counted."""

    keeps_bodies: bool = False
    received: int = 0
    unidentified: int = 0
    untracked: int = 0
    duplicates: int = 0
    _entries: dict[bytes, Entry] = field(default_factory=dict)
    _kept_body_bytes: int = 0
    _waiters: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)

    @property
    def distinct(self) -> int:
        return len(self._entries)

    def receive(
        self, path: bytes, webhook_id: bytes, now_ns: int, timestamp: bytes, signature: bytes
    ) -> Entry | None:
        """Record a reception; None when it has no id or the ledger is full.

        A reception counts as a duplicate when an earlier one was answered with 2xx: a repeat after
        a failure is a retry.
        """
        self.received += 1
        if not webhook_id:
            self.unidentified += 1
            return None
        key = b"%b %b" % (path, webhook_id)
        entry = self._entries.get(key)
        if entry is None:
            return self._begin(key, path, webhook_id, now_ns, timestamp, signature)
        entry.times += 1
        entry.last_ns = now_ns
        entry.timestamp = timestamp.decode("latin-1")
        entry.signature = signature.decode("latin-1")
        if entry.accepted_times:
            entry.after_accepted += 1
            self.duplicates += 1
        return entry

    def keep_body(self, entry: Entry, body: bytes) -> None:
        """Keep the body of a reception, up to KEPT_BODY_BYTES_MAX for all."""
        self._kept_body_bytes += len(body)
        if self._kept_body_bytes <= KEPT_BODY_BYTES_MAX:
            entry.body = body.decode("utf-8", errors="replace")

    def _begin(
        self,
        key: bytes,
        path: bytes,
        webhook_id: bytes,
        now_ns: int,
        timestamp: bytes,
        signature: bytes,
    ) -> Entry | None:
        if len(self._entries) >= ENTRIES_MAX:
            self.untracked += 1
            return None
        entry = self._entries[key] = Entry(
            id=webhook_id.decode("latin-1"),
            path=path.decode("latin-1"),
            times=1,
            first_ns=now_ns,
            last_ns=now_ns,
            timestamp=timestamp.decode("latin-1"),
            signature=signature.decode("latin-1"),
        )
        if self._waiters:
            self._wake()
        return entry

    async def wait_for(self, distinct: int, timeout_s: float) -> bool:
        """Wait until `distinct` webhooks were received; False after `timeout_s`."""
        if self.distinct >= distinct:
            return True
        waiter = (distinct, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter[1]
        except TimeoutError:
            return False
        finally:
            self._waiters.remove(waiter)
        return True

    def _wake(self) -> None:
        for wanted, future in self._waiters:
            if self.distinct >= wanted and not future.done():
                future.set_result(None)

    def summary(self) -> dict[str, object]:
        """Totals, and receptions by path."""
        by_path: Counter[str] = Counter()
        for entry in self._entries.values():
            by_path[entry.path] += entry.times
        return {
            "received": self.received,
            "distinct": self.distinct,
            "duplicates": self.duplicates,
            "unidentified": self.unidentified,
            "untracked": self.untracked,
            "paths": dict(by_path),
        }

    def entries(self, start: int, count: int) -> list[Entry]:
        """Entries in order of first reception, `count` at most from number `start`."""
        return list(islice(self._entries.values(), start, start + count))

    def clear(self) -> None:
        """Forget everything; those who wait go on waiting."""
        self._entries.clear()
        self.received = self.unidentified = self.untracked = self.duplicates = 0
        self._kept_body_bytes = 0

    def write(self, path: Path) -> None:
        """Write all entries as JSON lines."""
        encoder = msgspec.json.Encoder()
        with path.open("wb") as lines:
            for entry in self._entries.values():
                lines.write(encoder.encode(entry) + b"\n")

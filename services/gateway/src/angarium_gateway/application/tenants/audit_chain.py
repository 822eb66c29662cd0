"""The hash chain of an audit log, and its verification.

The entries of a tenant are numbered from 1. Each has a keyed hash (HMAC-SHA256) of itself and of
the hash before it, so that nobody who can write to the database, but has not the operator's key,
can change, insert or remove an entry without being noticed. The end of the chain is stored apart,
so that the last entries cannot be cut off either. The oldest entries go with their retention
period: the chain then begins with the oldest that is left.
"""

import hmac
from dataclasses import dataclass

import msgspec

from .audit_log import AuditEntry

HASH_BYTES = 32
START = bytes(HASH_BYTES)
"""Stands for the hash before the first entry."""
PURPOSE = b"audit log"
"""Of the key, which is derived from the operator's."""


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry in its chain. An entry of an earlier version has no `number` and no hashes.

    `actor` names the key that made the request, or who signed in for it. It is no part of the
    chain, which has the id of the key, and the request by which the key was made.
    """

    entry: AuditEntry
    number: int | None = None
    previous: bytes | None = None
    hash: bytes | None = None
    actor: str | None = None

    @property
    def id(self) -> bytes:
        """That of the entry."""
        return self.entry.id


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last entry of a chain, as it is stored apart."""

    number: int
    entry_id: bytes
    hash: bytes


def chained_hash(key: bytes, previous: bytes, number: int, entry: AuditEntry) -> bytes:
    """The hash of an entry that follows one with the hash `previous`."""
    members = [
        number,
        entry.id.hex(),
        entry.tenant_id.hex(),
        entry.key_id.hex(),
        entry.by_portal,
        entry.operation,
        entry.method,
        entry.path,
        entry.status,
        entry.address,
    ]
    if entry.before is not None or entry.after is not None:
        # Entries of earlier versions have neither, and keep their hashes.
        members += [entry.before, entry.after]
    return hmac.digest(key, previous + msgspec.json.encode(members), "sha256")


class ChainCheck:
    """Verifies the entries of one tenant, given from the oldest to the newest. They are hashed with
    `key` or, before it was rotated, with one of `former`.

    `broken` are sentences, at most one for each entry. `unchained` counts entries of earlier
    versions, which have no hash.
    """

    def __init__(self, key: bytes, *former: bytes) -> None:
        self._keys = (key, *former)
        self.verified = 0
        self.unchained = 0
        self.broken: list[str] = []
        self._last: ChainEnd | None = None

    def add(self, chained: ChainedEntry, name: str) -> None:
        """Check the next entry, which is called `name`."""
        number, last = chained.number, self._last
        if number is None or chained.previous is None or chained.hash is None:
            if last is not None:
                self.broken.append(
                    f"{name} has no hash, though older entries have one: it was inserted, or an"
                    " earlier version wrote it during an update"
                )
            self.unchained += 1
            return
        self._last = ChainEnd(number, chained.id, chained.hash)
        made = [chained_hash(key, chained.previous, number, chained.entry) for key in self._keys]
        if not any(hmac.compare_digest(each, chained.hash) for each in made):
            self.broken.append(f"{name} was changed")
        elif not _follows(number, chained.previous, last):
            self.broken.append(f"before {name}, entries are missing or were inserted")
        else:
            self.verified += 1

    def finish(self, end: ChainEnd | None) -> None:
        """Check that the last entry is the end of the chain."""
        last = self._last
        if end is None:
            if last is not None:
                self.broken.append("the record of the newest entry is missing")
        elif last != end:
            self.broken.append(f"the newest entries are missing: entry {end.number} is the last")


def _follows(number: int, previous: bytes, last: ChainEnd | None) -> bool:
    if last is not None:
        return number == last.number + 1 and previous == last.hash
    # What was before the oldest entry is gone with its retention period.
    return number != 1 or previous == START

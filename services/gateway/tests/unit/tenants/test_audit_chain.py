"""The hash chain of an audit log: whatever is done to its entries is noticed."""

import hmac
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from angarium_gateway.application.tenants.audit_chain import (
    START,
    ChainCheck,
    ChainedEntry,
    ChainEnd,
    chained_hash,
)
from angarium_gateway.application.tenants.audit_log import AuditEntry
from hypothesis import given
from hypothesis import strategies as st

KEY = b"k" * 32


def an_entry(number: int) -> AuditEntry:
    return AuditEntry(
        id=number.to_bytes(16),
        tenant_id=b"t" * 16,
        key_id=b"k" * 16,
        operation="v1.endpoint.update",
        method="PUT",
        path=f"/api/v1/app/{number}",
        status=200,
        address="192.0.2.1",
    )


def a_chain(length: int) -> list[ChainedEntry]:
    chain: list[ChainedEntry] = []
    for number in range(1, length + 1):
        previous = (chain[-1].hash if chain else None) or START
        entry = an_entry(number)
        digest = chained_hash(KEY, previous, number, entry)
        chain.append(ChainedEntry(entry, number, previous, digest))
    return chain


def end_of(chain: list[ChainedEntry]) -> ChainEnd:
    last = chain[-1]
    return ChainEnd(last.number or 0, last.id, last.hash or b"")


def faults(chain: list[ChainedEntry], end: ChainEnd | None, key: bytes = KEY) -> list[str]:
    check = ChainCheck(key)
    for chained in chain:
        check.add(chained, str(chained.number))
    check.finish(end)
    return check.broken


def test_an_intact_chain_is_verified_also_without_its_oldest_entries() -> None:
    chain = a_chain(10)
    for first in range(10):
        assert faults(chain[first:], end_of(chain)) == []
    assert faults([], None) == []


CHANGES: list[dict[str, Any]] = [
    {"status": 403},
    {"address": None},
    {"path": "/"},
    {"key_id": b"x" * 16},
    {"by_portal": True},
    {"operation": "v1.endpoint.get"},
    {"method": "GET"},
    {"tenant_id": b"u" * 16},
]


@given(st.integers(0, 9), st.sampled_from(CHANGES))
def test_a_changed_entry_is_named(at: int, change: dict[str, Any]) -> None:
    chain = a_chain(10)
    changed = replace(chain[at].entry, **change)
    forged = [*chain[:at], replace(chain[at], entry=changed), *chain[at + 1 :]]
    for oldest in (0, at):
        assert faults(forged[oldest:], end_of(chain)) == [f"{at + 1} was changed"]


@given(st.integers(1, 8), st.integers(1, 3))
def test_removed_entries_are_noticed(at: int, count: int) -> None:
    chain = a_chain(10)
    assert faults(chain[:at] + chain[at + count :], end_of(chain)) != []


@given(st.integers(0, 9))
def test_a_cut_off_end_is_noticed(kept: int) -> None:
    chain = a_chain(10)
    assert faults(chain[:kept], end_of(chain)) == [
        "the newest entries are missing: entry 10 is the last"
    ]
    assert faults(chain, None) == ["the record of the newest entry is missing"]


@given(st.integers(1, 9))
def test_an_inserted_entry_is_noticed(at: int) -> None:
    chain = a_chain(10)
    for number in (at, at + 1, None):
        inserted = replace(chain[at], number=number, hash=None if number is None else b"x" * 32)
        assert faults([*chain[:at], inserted, *chain[at:]], end_of(chain)) != []


def test_a_chain_that_was_written_anew_without_the_key_is_noticed() -> None:
    chain = a_chain(3)
    assert len(faults(chain, end_of(chain), b"x" * 32)) == 3


def test_a_chain_goes_on_after_a_rotation_and_is_verified_with_both_keys() -> None:
    chain = a_chain(3)
    for number in (4, 5):
        previous, entry = chain[-1].hash or b"", an_entry(number)
        digest = chained_hash(b"n" * 32, previous, number, entry)
        chain.append(ChainedEntry(entry, number, previous, digest))
    for keys, broken in (((b"n" * 32, KEY), 0), ((b"n" * 32,), 3), ((KEY,), 2)):
        check = ChainCheck(*keys)
        for chained in chain:
            check.add(chained, "it")
        check.finish(end_of(chain))
        assert (check.verified, len(check.broken)) == (5 - broken, broken)


def test_entries_of_earlier_versions_are_counted_but_only_before_the_chain() -> None:
    old = ChainedEntry(an_entry(0))
    check = ChainCheck(KEY)
    for chained in (old, old, *a_chain(2)):
        check.add(chained, "it")
    assert (check.unchained, check.verified, check.broken) == (2, 2, [])
    check.add(old, "it")
    (fault,) = check.broken
    assert fault.startswith("it has no hash, though older entries have one")


@pytest.mark.parametrize("missing", ["number", "previous", "hash"])
def test_an_entry_that_lost_a_part_of_its_place_is_noticed(missing: str) -> None:
    chain = a_chain(3)
    change: dict[str, Any] = {missing: None}
    check = ChainCheck(KEY)
    for chained in (chain[0], replace(chain[1], **change), chain[2]):
        check.add(chained, "it")
    assert (check.verified, check.unchained, len(check.broken)) == (1, 1, 2)


def test_a_first_entry_that_follows_another_is_noticed() -> None:
    for previous in (b"\x01" * 32, b"\xff" * 32):
        digest = chained_hash(KEY, previous, 1, an_entry(1))
        chain = [ChainedEntry(an_entry(1), 1, previous, digest)]
        (fault,) = faults(chain, end_of(chain))
        assert fault == "before 1, entries are missing or were inserted"


@pytest.mark.parametrize("previous", [b"\x00" * 32, b"\xff" * 32])
def test_an_entry_that_follows_another_than_the_one_before_it_is_noticed(previous: bytes) -> None:
    """Also where the hash of the entry before is the higher one."""
    chain = a_chain(2)
    digest = chained_hash(KEY, previous, 2, chain[1].entry)
    chain[1] = ChainedEntry(chain[1].entry, 2, previous, digest)
    assert len(faults(chain, end_of(chain))) == 1


@pytest.mark.parametrize(
    ("before", "after", "hashed"),
    [
        (None, None, []),
        ('{"name":"a"}', None, ['{"name":"a"}', None]),
        (None, '{"name":"b"}', [None, '{"name":"b"}']),
    ],
)
def test_entries_without_a_change_are_hashed_as_in_earlier_versions(
    before: str | None, after: str | None, hashed: list[str | None]
) -> None:
    entry = replace(an_entry(1), before=before, after=after)
    ids = [entry.id.hex(), entry.tenant_id.hex(), entry.key_id.hex()]
    request = [entry.by_portal, entry.operation, entry.method, entry.path, entry.status]
    members = [1, *ids, *request, entry.address, *hashed]
    expected = hmac.digest(KEY, START + msgspec.json.encode(members), "sha256")
    assert chained_hash(KEY, START, 1, entry) == expected

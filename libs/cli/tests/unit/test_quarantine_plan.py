"""The entries that go back or are superseded, and the form in which they go back."""

from collections.abc import Sequence

import msgspec
import pytest
from angarium_chassis.streams.quarantine import QuarantinedEntry
from angarium_cli.quarantine.contents import facts, hex_dump
from angarium_contracts.contract import Contract, Reader, encode
from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    MessagesAccepted,
    RequestedDelivery,
    RequestedMessage,
)
from angarium_contracts.queries import Query
from angarium_gateway.administration.quarantine import (
    BatchPart,
    EntrySummary,
    Step,
    batch_part,
    body_to_replay,
    contract_name,
    plan_replay,
    why_not_again,
)
from hypothesis import given
from hypothesis import strategies as st

BATCH, OTHER = b"b" * 16, b"o" * 16
SECRET = b'{"card": "4111"}'
ACCEPTED = MessagesAccepted(
    batch_id=BATCH,
    publication=1,
    settle_to="deliveries.settled:x",
    messages=(AcceptedMessage(b"m" * 16, b"t" * 16, b"a" * 16, 1, "invoice.paid", SECRET),),
)
CHUNK = DeliveriesRequested(
    batch_id=BATCH,
    publication=1,
    settle_to="deliveries.settled:x",
    chunk=0,
    chunks=2,
    redelivered=False,
    messages=(
        RequestedMessage(
            b"m" * 16,
            b"t" * 16,
            b"a" * 16,
            "invoice.paid",
            SECRET,
            (RequestedDelivery(b"e" * 16, 1),),
        ),
    ),
)


def quarantined(body: bytes, reason: str = "failed 5 times") -> QuarantinedEntry:
    return QuarantinedEntry(
        "worker", "1735689600000-0", "deliveries.requested:{0}", "1-1", reason, body
    )


def shelved(
    number: int, part: BatchPart | None, refusal: str | None = None, service: str = "worker"
) -> EntrySummary:
    return EntrySummary(service, f"{number}-0", "a stream", part, refusal)


def steps(entries: Sequence[EntrySummary], **known: object) -> list[Step]:
    options: dict[str, object] = {"open_batches": None, "brought_back": (), **known}
    return [each.step for each in plan_replay(entries, **options)]  # type: ignore[arg-type]


def test_a_chunk_goes_back_flagged_as_redelivered_so_that_nothing_is_sent_twice() -> None:
    body = body_to_replay(quarantined(encode(CHUNK)))

    assert Reader(DeliveriesRequested).read(body) == msgspec.structs.replace(
        CHUNK, redelivered=True
    )


@pytest.mark.parametrize(("publication", "replayed"), [(1, 2), (2, 2), (7, 7)])
def test_a_batch_goes_back_as_one_that_was_published_before(
    publication: int, replayed: int
) -> None:
    batch = msgspec.structs.replace(ACCEPTED, publication=publication)

    again = Reader(MessagesAccepted).read(body_to_replay(quarantined(encode(batch))))

    assert again == msgspec.structs.replace(ACCEPTED, publication=replayed)


def test_other_contracts_go_back_as_they_are() -> None:
    body = encode(Query(1, "replies:x", 0, msgspec.Raw(encode(CHUNK))))

    assert body_to_replay(quarantined(body)) == body
    assert why_not_again(quarantined(body)) is None


@pytest.mark.parametrize(
    ("body", "reason", "told"),
    [
        (encode(CHUNK)[:-3], "unreadable: truncated", "drop it"),
        (
            msgspec.msgpack.encode({"type": "deliveries.requested/9"}),
            "unknown contract",
            "does not know deliveries.requested/9",
        ),
        (msgspec.msgpack.encode({b"a": b"b"}), "not an entry of ours", "drop it"),
    ],
)
def test_what_nobody_can_read_is_refused_with_what_to_do(
    body: bytes, reason: str, told: str
) -> None:
    refusal = why_not_again(quarantined(body, reason))

    assert refusal is not None
    assert told in refusal


def test_facts_name_messages_and_never_hold_payloads() -> None:
    for contract in (ACCEPTED, CHUNK):
        text = str(facts(quarantined(encode(contract))))

        assert "invoice.paid" in text
        assert f"{len(SECRET)} bytes of payload" in text
        assert "4111" not in text
        assert "4111" not in repr(quarantined(encode(contract)))


def test_the_dump_shows_offset_bytes_and_text() -> None:
    assert hex_dump(b"abcdefghijklmnop\x00") == [
        "00000000  61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70  abcdefghijklmnop",
        "00000010  00" + " " * 45 + "  .",
    ]


@given(st.binary(max_size=200))
def test_any_bytes_can_be_looked_at(body: bytes) -> None:
    entry = quarantined(body)

    assert contract_name(entry)
    assert facts(entry)
    assert isinstance(body_to_replay(entry), bytes)
    assert batch_part(entry) is None


def test_of_several_publications_of_a_part_the_newest_goes_back() -> None:
    part = BatchPart(BATCH, 0)

    assert steps([shelved(1, part), shelved(2, part), shelved(3, BatchPart(BATCH, 1))]) == [
        Step.SUPERSEDED,
        Step.PUT_BACK,
        Step.PUT_BACK,
    ]


def test_a_whole_batch_goes_back_in_place_of_its_chunks() -> None:
    entries = [
        shelved(1, BatchPart(BATCH, None), service="dispatcher"),
        shelved(2, BatchPart(BATCH, 0)),
    ]

    assert steps(entries) == [Step.PUT_BACK, Step.SUPERSEDED]


def test_a_batch_brought_back_replaces_all_its_entries() -> None:
    entries = [shelved(1, BatchPart(BATCH, None)), shelved(2, BatchPart(BATCH, 3))]

    assert steps(entries, brought_back=[BATCH], open_batches={BATCH}) == [Step.SUPERSEDED] * 2


def test_what_was_settled_meanwhile_or_comes_again_by_itself_does_not_go_back() -> None:
    entries = [shelved(1, BatchPart(BATCH, 0)), shelved(2, BatchPart(OTHER, 0)), shelved(3, None)]

    assert steps(entries, open_batches={OTHER}) == [Step.SETTLED, Step.COMES_AGAIN, Step.PUT_BACK]


def test_what_cannot_be_read_is_kept_unless_it_is_forced() -> None:
    entries = [shelved(1, None, "nobody can read it")]

    assert steps(entries) == [Step.KEPT]
    assert steps(entries, force=True) == [Step.PUT_BACK]


_parts = st.none() | st.builds(
    BatchPart, st.sampled_from([BATCH, OTHER]), st.none() | st.integers(0, 2)
)


@given(st.lists(_parts, max_size=12), st.sets(st.sampled_from([BATCH, OTHER])))
def test_no_part_of_a_batch_goes_back_twice_and_none_is_forgotten(
    parts: list[BatchPart | None], brought_back: set[bytes]
) -> None:
    entries = [shelved(number, part) for number, part in enumerate(parts)]
    planned = plan_replay(entries, open_batches=None, brought_back=brought_back)

    assert [each.entry for each in planned] == entries
    back = [each.entry.part for each in planned if each.step is Step.PUT_BACK and each.entry.part]
    assert len(back) == len(set(back))
    for part in {each for each in parts if each}:
        whole = BatchPart(part.batch_id, None)
        ways = (part in back) + (whole in back and part != whole) + (part.batch_id in brought_back)
        assert ways == 1


def test_contracts_are_named() -> None:
    contract: Contract
    for contract, name in ((ACCEPTED, "messages.accepted/1"), (CHUNK, "deliveries.requested/1")):
        assert contract_name(quarantined(encode(contract))) == name

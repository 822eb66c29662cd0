from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from angarium_contracts.configuration import CreateApplication, PatchApplication
from angarium_contracts.contract import Contract, Reader, UnknownVersion, Unreadable, encode
from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesSettled,
    MessagesAccepted,
    SettledChunk,
)
from angarium_contracts.queries import Done, Problem, ProblemCode, Query
from hypothesis import given
from hypothesis import strategies as st

MESSAGE = AcceptedMessage(
    id=bytes(16),
    tenant_id=bytes(16),
    application_id=bytes(16),
    application_version=3,
    event_type="invoice.paid",
    payload=b"{}",
)
BATCH = MessagesAccepted(
    batch_id=bytes(16), publication=1, settle_to="deliveries.settled:a", messages=(MESSAGE,)
)
reader: Reader[Contract] = Reader(MessagesAccepted, Query, PatchApplication)

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
members = st.sampled_from(
    ["batch_id", "publication", "settle_to", "messages", "body", "correlation_id", "metadata"]
)


def pack(value: Mapping[str, Any]) -> bytes:
    return msgspec.msgpack.encode(value)


def test_a_contract_is_read_as_it_was_written() -> None:
    assert reader.read(encode(BATCH)) == BATCH


@given(st.binary())
def test_no_bytes_make_the_reader_raise(body: bytes) -> None:
    assert isinstance(reader.read(body), UnknownVersion | Unreadable)


@given(st.dictionaries(members, plain_values), st.sampled_from(["messages.accepted/1", "query/1"]))
def test_no_wrong_member_makes_the_reader_raise(values: dict[str, Any], tag: str) -> None:
    value = reader.read(pack({"type": tag, **values}))

    assert isinstance(value, Unreadable | Query | MessagesAccepted)


@given(st.integers(0, 200), st.binary(max_size=8), st.integers(0, 200))
def test_a_damaged_contract_never_makes_the_reader_raise(
    start: int, damage: bytes, length: int
) -> None:
    body = encode(BATCH)
    reader.read(body[:start] + damage + body[start + length :])


@pytest.mark.parametrize("tag", ["messages.accepted/2", "messages.refused/1", ""])
def test_an_unknown_version_is_told_by_its_tag(tag: str) -> None:
    assert reader.read(pack({"type": tag, "new": [1, 2]})) == UnknownVersion(tag)
    assert Reader(MessagesAccepted).read(pack({"type": tag})) == UnknownVersion(tag)


def test_a_contract_that_this_reader_does_not_take_is_an_unknown_version() -> None:
    assert reader.read(encode(Done(version=3))) == UnknownVersion("done/1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"not msgpack at all",
        encode(BATCH)[:-1],
        encode(BATCH) + b"\x00",
        pack({"publication": 1}),
        pack({"type": 1}),
        pack({"type": "messages.accepted/1"}),
        pack({"type": "messages.accepted/1", "messages": "many"}),
        b"\x81\xa4type\xa2\xff\xfe",
        b"\x91" * 100_000,
        b"\x82\xa4type\xa7query/1\xa1x" + b"\x91" * 100_000,
        b"\x82\xa4type\xb3messages.accepted/1\xa8messages\xdd\xff\xff\xff\xff",
    ],
)
def test_what_cannot_be_read_is_a_value_with_a_reason(body: bytes) -> None:
    value = reader.read(body)

    assert isinstance(value, Unreadable)
    assert value.reason


def test_members_added_by_a_newer_writer_are_ignored() -> None:
    newer = {"type": "deliveries.settled/1", "settled": [], "added_later": {"a": [1]}}

    assert Reader(DeliveriesSettled).read(pack(newer)) == DeliveriesSettled(settled=())


def test_types_are_strict() -> None:
    settled = encode(DeliveriesSettled(settled=(SettledChunk(bytes(16), 1, 0, 1),)))
    lax = msgspec.msgpack.decode(settled)
    lax["settled"][0]["publication"] = "1"

    assert isinstance(Reader(DeliveriesSettled).read(pack(lax)), Unreadable)


def test_a_patch_tells_a_member_left_alone_from_one_that_is_cleared() -> None:
    patch = PatchApplication(tenant_id=bytes(16), ref="app", uid=None)

    assert msgspec.msgpack.decode(encode(patch)).keys() == {"type", "tenant_id", "ref", "uid"}
    assert reader.read(encode(patch)) == patch


def test_an_enveloped_contract_is_read_from_its_bytes() -> None:
    question = CreateApplication(tenant_id=bytes(16), name="Acme")
    query = Query(
        correlation_id=1, reply_to="replies:a", expires_at_ms=2, body=msgspec.Raw(encode(question))
    )

    value = reader.read(encode(query))

    assert isinstance(value, Query)
    assert Reader(CreateApplication).read(bytes(value.body)) == question


def test_a_problem_keeps_its_code() -> None:
    problem = Problem(code=ProblemCode.CONFLICT, detail="taken", field="uid")

    assert Reader(Problem).read(encode(problem)) == problem

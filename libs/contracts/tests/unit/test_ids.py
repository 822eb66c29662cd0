import itertools
import string

import pytest
from angarium_contracts.ids import (
    MESSAGE,
    UID_PATTERN,
    IdMaker,
    created_at_ms,
    format_id,
    lowest_id_at,
    parse_id,
)
from angarium_contracts.stream_names import stream_number
from hypothesis import given
from hypothesis import strategies as st

ids = st.binary(min_size=16, max_size=16)
prefixes = st.text(string.ascii_lowercase, min_size=1, max_size=6)
clocks_ns = st.integers(min_value=0, max_value=253_402_300_799_999_999_999)
"""1970 to the end of 9999."""


def no_bits(_: int) -> int:
    return 0


@given(prefixes, ids)
def test_an_id_survives_its_text_form(prefix: str, value: bytes) -> None:
    assert parse_id(prefix, format_id(prefix, value)) == value


@given(ids, ids)
def test_ids_sort_alike_as_bytes_and_as_text(one: bytes, other: bytes) -> None:
    assert (one < other) == (format_id(MESSAGE, one) < format_id(MESSAGE, other))


@given(st.text() | st.from_regex(r"msg_[0-9A-Za-z]{21,23}", fullmatch=True))
def test_any_text_that_is_read_is_the_text_form_of_what_was_read(text: str) -> None:
    value = parse_id(MESSAGE, text)

    assert value is None or format_id(MESSAGE, value) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "msg",
        "msg_",
        "_" + "0" * 22,
        "ep_" + "0" * 22,
        "MSG_" + "0" * 22,
        "msg_" + "0" * 21,
        "msg_" + "0" * 23,
        "msg_" + "0" * 21 + "-",
        "msg_" + "0" * 21 + "٣",
        " msg_" + "0" * 22,
        "msg_" + "0" * 22 + "\n",
        "msg_" + "z" * 22,
        "msg_7n42DGM5Tflk9n8mt7Fhc8",
    ],
)
def test_text_that_is_no_id_of_this_prefix_is_refused(text: str) -> None:
    assert parse_id("msg", text) is None


def test_the_largest_id_is_read() -> None:
    assert parse_id("msg", "msg_7n42DGM5Tflk9n8mt7Fhc7") == b"\xff" * 16


@given(st.lists(clocks_ns, min_size=2, max_size=50))
def test_ids_of_one_maker_increase_whatever_the_clock_does(readings: list[int]) -> None:
    clock = iter(readings)
    make = IdMaker(lambda: next(clock), no_bits)

    made = [make() for _ in readings]

    assert all(earlier < later for earlier, later in itertools.pairwise(made))


@given(clocks_ns, st.integers(2, 200))
def test_a_stuck_clock_still_gives_increasing_ids(reading: int, count: int) -> None:
    make = IdMaker(lambda: reading, lambda bits: (1 << bits) - 1)

    made = [make() for _ in range(count)]

    assert sorted(set(made)) == made


@given(st.lists(st.tuples(clocks_ns, st.integers(1, 50)), min_size=1, max_size=20))
def test_many_ids_at_once_are_those_that_as_many_calls_make(
    readings: list[tuple[int, int]],
) -> None:
    now = [0]
    bits = itertools.count(), itertools.count()
    at_once = IdMaker(lambda: now[0], lambda _: next(bits[0]))
    one_by_one = IdMaker(lambda: now[0], lambda _: next(bits[1]))
    for now[0], count in readings:
        assert at_once.many(count) == [one_by_one() for _ in range(count)]
        assert at_once() == one_by_one()


@given(clocks_ns, st.integers(0, (1 << 62) - 1))
def test_an_id_is_a_uuid_of_version_7_that_knows_its_millisecond(reading: int, bits: int) -> None:
    value = IdMaker(lambda: reading, lambda _: bits)()

    assert value[6] >> 4 == 7
    assert value[8] >> 6 == 0b10
    assert created_at_ms(value) == reading // 1_000_000


@given(clocks_ns)
def test_the_lowest_id_of_a_millisecond_bounds_what_is_made_in_it(reading: int) -> None:
    value = IdMaker(lambda: reading, no_bits)()
    at_ms = reading // 1_000_000

    assert lowest_id_at(at_ms) <= value
    assert value < lowest_id_at(at_ms + 1)


def test_bounds_outside_the_range_of_ids_are_its_ends() -> None:
    assert lowest_id_at(-1) == bytes(16)
    assert lowest_id_at(1 << 60)[:6] == b"\xff" * 6


@given(ids, st.integers(1, 64))
def test_an_application_always_takes_the_same_stream(value: bytes, count: int) -> None:
    assert stream_number(value, count) == stream_number(bytes(value), count) in range(count)


@pytest.mark.parametrize("uid", ["", "a b", "é", "a/b", "a" * 257, "a\n"])
def test_a_uid_has_few_characters(uid: str) -> None:
    assert UID_PATTERN.fullmatch(uid) is None

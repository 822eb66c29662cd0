import base64

import pytest
from angarium_chassis.sealing import Seal, SealBroken
from hypothesis import given
from hypothesis import strategies as st

KEY = bytes(range(32))
seal = Seal(KEY)


@given(st.binary(), st.binary())
def test_what_is_sealed_can_be_opened(plain: bytes, associated: bytes) -> None:
    assert seal.open(seal.close(plain, associated), associated) == plain


@given(st.binary(), st.binary(), st.binary())
def test_what_was_sealed_for_one_purpose_is_not_opened_for_another(
    plain: bytes, associated: bytes, other: bytes
) -> None:
    sealed = seal.close(plain, associated)
    if other != associated:
        with pytest.raises(SealBroken):
            seal.open(sealed, other)


@given(st.binary(), st.data())
def test_a_changed_byte_breaks_the_seal(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal.close(plain, b""))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))

    with pytest.raises(SealBroken):
        seal.open(bytes(sealed), b"")


@given(st.binary(max_size=64))
def test_other_bytes_are_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        seal.open(sealed, b"")
    with pytest.raises(SealBroken):
        seal.open(b"\x01" + sealed, b"")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        Seal(bytes(32)).open(seal.close(b"secret", b""), b"")


def test_sealing_twice_gives_different_bytes() -> None:
    assert seal.close(b"secret", b"") != seal.close(b"secret", b"")


def test_neither_the_seal_nor_its_errors_show_key_or_content() -> None:
    sealed = seal.close(b"content-in-the-clear", b"")
    with pytest.raises(SealBroken) as broken:
        seal.open(sealed, b"other")
    shown = repr(seal) + str(seal) + repr(broken.value)

    assert "content-in-the-clear" not in shown
    assert repr(KEY) not in shown
    assert b"content-in-the-clear" not in sealed


def test_a_key_is_read_from_base64() -> None:
    sealed = Seal.from_base64(base64.b64encode(KEY).decode()).close(b"secret", b"")

    assert seal.open(sealed, b"") == b"secret"


@pytest.mark.parametrize("text", ["", "hunter2-hunter2", "é" * 43, base64.b64encode(b"x").decode()])
def test_a_wrong_key_says_what_is_expected_and_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="32") as refused:
        Seal.from_base64(text)

    assert not text or text not in str(refused.value)


def test_a_check_value_tells_keys_apart_and_is_the_same_for_the_same_key() -> None:
    seal, same, other = Seal(KEY), Seal(KEY), Seal(KEY[::-1])

    assert seal.matches(same.check_value)
    assert not seal.matches(other.check_value)
    assert not seal.matches("")


def test_a_check_value_holds_nothing_of_the_key() -> None:
    assert KEY.hex() not in Seal(KEY).check_value
    assert len(Seal(KEY).check_value) == 32


def test_keys_for_other_purposes_differ_and_stay_the_same() -> None:
    first, again, other = Seal(bytes(32)), Seal(bytes(32)), Seal(b"x" * 32)
    keys = [first.derived_key(b"a"), first.derived_key(b"b"), other.derived_key(b"a"), bytes(32)]
    assert len(set(keys)) == 4
    assert first.derived_key(b"a") == again.derived_key(b"a")
    assert all(len(key) == 32 for key in keys)

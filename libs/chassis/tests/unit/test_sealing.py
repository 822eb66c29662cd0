import base64

import pytest
from angarium_chassis.encryption_keys import KeysRefused, seal_from
from angarium_chassis.sealing import Seal, SealBroken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
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

    assert seal.has_key(same.check_value)
    assert seal.has_key(same.key_id)
    assert not seal.has_key(other.check_value)
    assert not seal.has_key("")


def test_a_check_value_holds_nothing_of_the_key() -> None:
    assert KEY.hex() not in Seal(KEY).check_value
    assert len(Seal(KEY).check_value) == 32


def test_keys_for_other_purposes_differ_and_stay_the_same() -> None:
    first, again, other = Seal(bytes(32)), Seal(bytes(32)), Seal(b"x" * 32)
    keys = [first.derived_key(b"a"), first.derived_key(b"b"), other.derived_key(b"a"), bytes(32)]
    assert len(set(keys)) == 4
    assert first.derived_key(b"a") == again.derived_key(b"a")
    assert all(len(key) == 32 for key in keys)


RING = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=6, unique=True)


@given(st.binary(), st.binary(), RING, st.data())
def test_what_one_key_sealed_opens_under_every_ring_that_has_the_key(
    plain: bytes, associated: bytes, keys: list[bytes], data: st.DataObject
) -> None:
    sealed = Seal(keys[0], keys[1:]).close(plain, associated)
    alone = Seal(keys[0]).close(plain, associated)
    order = data.draw(st.permutations(keys))
    ring = Seal(order[0], order[1:])

    assert ring.open(sealed, associated) == ring.open(alone, associated) == plain
    for each in (sealed, alone):
        assert ring.key_id_of(each, associated) == Seal(keys[0]).key_id
        again = ring.resealed(each, associated)
        assert Seal(order[0]).open(again, associated) == plain
        assert ring.resealed(again, associated) is again


@given(st.binary(), RING)
def test_a_secret_says_which_key_it_needs_though_the_key_is_missing(
    plain: bytes, keys: list[bytes]
) -> None:
    sealed = Seal(keys[0], [b"f" * 32]).close(plain, b"")
    other = Seal(b"o" * 32)

    assert other.key_id_of(sealed, b"") == Seal(keys[0]).key_id
    with pytest.raises(SealBroken):
        other.open(sealed, b"")
    with pytest.raises(SealBroken):
        other.resealed(sealed, b"")


def test_a_changed_byte_breaks_the_seal_of_a_ring() -> None:
    ring = Seal(KEY, [KEY[::-1]])
    sealed = ring.close(b"secret", b"")
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealBroken):
            ring.open(bytes(changed), b"")


def test_without_fallbacks_the_sealed_bytes_are_those_of_earlier_versions() -> None:
    nonce = bytes(12)
    sealed = Seal(KEY, random_bytes=lambda _: nonce).close(b"secret", b"owner")

    assert sealed == b"\x01" + nonce + AESGCM(KEY).encrypt(nonce, b"secret", b"owner")
    assert seal.open(sealed, b"owner") == b"secret"


def test_a_ring_signs_with_its_first_key_and_verifies_with_all() -> None:
    ring = Seal(KEY, [KEY[::-1], KEY])

    assert ring.key_ids == (Seal(KEY).key_id, Seal(KEY[::-1]).key_id)
    assert ring.derived_key(b"a") == Seal(KEY).derived_key(b"a")
    assert ring.derived_keys(b"a") == (
        Seal(KEY).derived_key(b"a"),
        Seal(KEY[::-1]).derived_key(b"a"),
    )
    assert ring.check_value == Seal(KEY).check_value
    assert ring.has_key(Seal(KEY[::-1]).check_value)


def test_keys_are_read_from_settings_and_a_wrong_one_is_named_and_not_repeated() -> None:
    texts = [base64.b64encode(bytes([number]) * 32).decode() for number in range(3)]

    ring = seal_from(texts[0], f"{texts[1]},\n{texts[2]}\n")
    assert ring.key_ids == tuple(Seal.from_base64(each).key_id for each in texts)
    assert seal_from(texts[0], "").key_ids == ring.key_ids[:1]
    with pytest.raises(KeysRefused, match=r"ANGARIUM_ENCRYPTION_KEY_FALLBACKS: .* base64"):
        seal_from(texts[0], f"{texts[1]},hunter2")
    with pytest.raises(KeysRefused, match=r"ANGARIUM_ENCRYPTION_KEY: .* base64") as refused:
        seal_from("hunter2", texts[1])
    assert "hunter2" not in str(refused.value)
    many = ",".join(base64.b64encode(bytes([number]) * 32).decode() for number in range(9))
    with pytest.raises(KeysRefused, match="at most 5 fallbacks"):
        seal_from(texts[0], many)

"""Tokens: recognisable, random, and protected against typing mistakes."""

import os
import re

import pytest
from angarium_gateway.domain.api_tokens import TOKEN_PREFIX, is_mistyped, may_be_token, new_token
from hypothesis import given
from hypothesis import strategies as st

RANDOM = st.binary(min_size=32, max_size=32)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@given(RANDOM)
def test_every_token_has_one_form_and_a_valid_checksum(random: bytes) -> None:
    token = new_token(lambda size: random[:size])
    assert re.fullmatch(r"ang_sk_[0-9A-Za-z]{49}", token)
    assert not is_mistyped(token)


def test_tokens_of_different_random_bytes_differ() -> None:
    assert len({new_token(os.urandom) for _ in range(100)}) == 100
    lowest, highest = new_token(bytes), new_token(lambda size: b"\xff" * size)
    assert (lowest[7:50], highest[7:50]) == ("0" * 43, lowest_of_highest())


def lowest_of_highest() -> str:
    number, digits = (1 << 256) - 1, ""
    for _ in range(43):
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    assert number == 0
    return digits


@given(RANDOM, st.integers(len(TOKEN_PREFIX), len(TOKEN_PREFIX) + 48), st.sampled_from(DIGITS))
def test_one_wrong_character_is_noticed(random: bytes, place: int, digit: str) -> None:
    token = new_token(lambda size: random[:size])
    changed = token[:place] + digit + token[place + 1 :]
    assert is_mistyped(changed) == (changed != token)


@given(RANDOM)
def test_a_token_that_was_cut_off_or_continued_is_noticed(random: bytes) -> None:
    token = new_token(lambda size: random[:size])
    assert is_mistyped(token[:-1])
    assert is_mistyped(token + "0")


@pytest.mark.parametrize("token", ["ang_" + "x" * 43, "my-own-key-for-dev", ""])
def test_other_tokens_cannot_be_judged(token: str) -> None:
    assert not is_mistyped(token)


@pytest.mark.parametrize("text", ["x" * 16, "x" * 256, "~!chosen-by-hand", "ang_sk_chosen-by-hand"])
def test_a_chosen_text_may_be_a_key(text: str) -> None:
    assert may_be_token(text)


@pytest.mark.parametrize(
    "text",
    [
        *("x" * 15, "x" * 257, "", "chosen by someone", "chosen\tby someone", "chosen-by-someoné"),
        *("ang_pt_chosen-by-hand", "ang_sc_chosen-by-hand", "chosen\x7fby-someone"),
    ],
)
def test_a_text_that_cannot_be_sent_or_looks_like_another_token_is_no_key(text: str) -> None:
    assert not may_be_token(text)

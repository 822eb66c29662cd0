"""Filters: what they accept, what they refuse, and the bounds on their evaluation."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from angarium_dispatcher.domain.filters import message_filter
from angarium_dispatcher.domain.filters.expression_cost import TEXT_CHARS_MAX, VALUES_MAX
from angarium_dispatcher.domain.filters.message_filter import (
    FilteredMessage,
    FilterFailed,
    InvalidFilter,
    compile_filter,
    stored_filter,
)
from angarium_dispatcher.domain.filters.payload_parts import parts_named, picked
from angarium_dispatcher.domain.filters.syntax_tree import tree_of
from hypothesis import given
from hypothesis import strategies as st

PAYLOAD = {
    "amount": 1500,
    "currency": "EUR",
    "customer": {"tier": "gold", "address": {"city": "Bern"}},
    "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
    "paid": True,
    "note": None,
}


def message(payload: Any = PAYLOAD, **more: Any) -> FilteredMessage:
    fields: dict[str, Any] = {
        "event_type": "invoice.paid",
        "channels": ("eu",),
        "tags": ("urgent",),
        "metadata": {"plan": "pro"},
        "payload": msgspec.json.encode(payload),
    }
    return FilteredMessage(**(fields | more))


@pytest.mark.parametrize(
    "text",
    [
        'eventType == "invoice.paid"',
        'eventType.startsWith("invoice.") && "eu" in channels && "urgent" in tags',
        'metadata.plan in ["pro", "team"]',
        "payload.amount > 1000 && payload.amount < 1500.5",
        'payload.customer.address.city == "Bern"',
        "has(payload.customer.tier) && !has(payload.customer.name)",
        'payload.items.exists(i, i.sku == "b" && i.n > 1)',
        "payload.items.all(i, i.n > 0) && size(payload.items) == 2",
        'payload.items.exists(i, i.sku in ["b", "c"])',
        'payload.currency.matches("^[A-Z]{3}$") && payload.currency.contains("U")',
        "payload.paid",
        "payload.note == null",
        'payload["amount"] == 1500',
        '"amount" in payload',
        "payload.absent > 1 || payload.amount > 1",
    ],
)
def test_a_filter_that_is_true_matches(text: str) -> None:
    compiled = compile_filter(text)
    assert compiled.matches(message())
    assert not compile_filter(f"!({text})").matches(message())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("payload.total > 1", "no member `total`"),
        ("payload.currency > 1", "overload"),
        ("payload.amount", "of type int"),
        ("payload.customer.tier.name == 1", "SELECT"),
    ],
)
def test_a_filter_without_a_result_fails_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(FilterFailed, match=reason):
        compile_filter(text).matches(message())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "1 to 2,000 characters"),
        ("true" + " " * 2_000, "1 to 2,000 characters"),
        ("tr\0ue", "NUL"),
        ("payload.a >", "Line 1, column 12: the expression ends too early"),
        ("true &&\n  amount > 1", "Line 2, column 3: `amount` is unknown"),
        ("eventType > 1", r"Line 1, column 11: `>` cannot be applied to \(string, int\)"),
        ("1", "of type int"),
        ('payload.a + "x" == "ax"', r"`\+` is unknown"),
        ("payload.items.map(i, i.n) == [1]", "except `map`"),
        ("(" * 60 + "true" + ")" * 60, "nested too deeply"),
        ("payload.a.all(x, payload.a.all(y, x == y))", "can take too long"),
        ('payload.a.all(x, payload.b.contains("y"))', "can take too long"),
        ("payload.a.all(x, payload.b == payload.c)", "can take too long"),
        ("payload.a.matches(payload.b)", "needs its text between quotes"),
    ],
)
def test_an_expression_that_cannot_be_a_filter_is_refused_with_a_remedy(
    text: str, sentence: str
) -> None:
    with pytest.raises(InvalidFilter, match=sentence):
        compile_filter(text)


@given(st.text(max_size=80) | st.text("payload.items()[]\"'&|!=<> 01ax,\n\\", max_size=80))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    with suppress(InvalidFilter):
        assert compile_filter(text).text == text


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)
    ),
    max_leaves=12,
)
payloads = st.dictionaries(st.sampled_from("abcd"), json_values, max_size=4)
paths = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map(".".join)
comparisons = st.tuples(
    paths,
    st.sampled_from(["== 1", "> 0", '== "a"', "== null", ".size() > 1", ".exists(a, a == 1)"]),
).map(lambda pair: f"payload.{pair[0]}{' ' if pair[1][0] != '.' else ''}{pair[1]}")
terms = comparisons | paths.map(lambda path: f"has(payload.{path})") | st.just('"a" in payload')
expressions = st.lists(terms, min_size=1, max_size=4).flatmap(
    lambda parts: st.sampled_from([" && ", " || "]).map(lambda joint: joint.join(parts))
)


@given(expressions, payloads)
def test_a_filter_sees_no_difference_between_the_payload_and_its_parts(
    text: str, payload: dict[str, Any]
) -> None:
    expression = message_filter._ENVIRONMENT.compile(text)
    parts = parts_named(tree_of(expression.serialize()))

    def result(value: Any) -> Any:
        try:
            found = expression.eval(data={"payload": value}).value()
        except (RuntimeError, ValueError, TypeError, OverflowError):
            return None
        return found if isinstance(found, bool) else None

    whole = result(payload)
    # A number that CEL has no type for fails the payload, unless it is in no part.
    if whole is not None or all_numbers_fit(payload):
        assert result(picked(payload, parts)) == whole


def all_numbers_fit(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(all_numbers_fit, value.values()))
    if isinstance(value, list):
        return all(map(all_numbers_fit, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def test_a_number_that_is_too_large_fails_only_filters_that_name_it() -> None:
    payload = {"a": 1, "b": -(2**63) - 1}

    assert compile_filter("payload.a == 1").matches(message(payload)) is True
    with pytest.raises(FilterFailed):
        compile_filter("payload.b == 1").matches(message(payload))


@given(payloads, st.sampled_from(['eventType == "a"', "payload.a == 1", "size(payload) > 1"]))
def test_evaluating_a_filter_has_a_result_or_a_reason(payload: dict[str, Any], text: str) -> None:
    with suppress(FilterFailed):
        assert compile_filter(text).matches(message(payload)) in (True, False)


@pytest.mark.parametrize(
    "value",
    [list(range(VALUES_MAX + 1)), "x" * (TEXT_CHARS_MAX + 1), {"k" * (TEXT_CHARS_MAX + 1): 1}],
)
def test_input_beyond_the_bounds_fails_only_filters_that_name_it(value: Any) -> None:
    payload = {"large": value, "small": 1}
    with pytest.raises(FilterFailed, match=r"more than 1000 values or 16,384 characters"):
        compile_filter("payload.large == 1").matches(message(payload))
    with pytest.raises(FilterFailed, match="more than"):
        compile_filter("size(payload) == 2").matches(message(payload))
    assert compile_filter("payload.small == 1").matches(message(payload))


@given(st.integers(1, 40))
def test_the_cost_of_an_accepted_filter_does_not_grow_with_what_repeats(count: int) -> None:
    search = " || ".join(['payload.a.exists(x, x.b.contains("y"))'] * count)
    try:
        compile_filter(search)
    except InvalidFilter:
        assert count > 1
    else:
        assert count < 10


def test_the_payload_is_decoded_at_most_once_and_only_if_it_is_named() -> None:
    broken = FilteredMessage("a", (), (), {}, b"{")
    assert compile_filter('eventType == "a"').matches(broken)
    once = message()
    assert once.payload() is once.payload()


def test_a_message_that_is_not_json_has_an_empty_payload() -> None:
    raw = message(payload="", content_type="application/xml")
    assert compile_filter("!has(payload.a) && size(payload) == 0").matches(raw)
    text = msgspec.json.encode(PAYLOAD)
    json = FilteredMessage("a", (), (), {}, text, "application/cloudevents+json")
    assert compile_filter("payload.amount == 1500").matches(json)


def test_a_stored_filter_that_no_longer_compiles_matches_nothing() -> None:
    assert stored_filter(None) is None
    broken = stored_filter("payload.a >")
    assert broken is not None
    with pytest.raises(FilterFailed, match="Line 1"):
        broken.matches(message())


def test_bytes_that_are_no_expression_are_refused() -> None:
    for data in (b"", b"\x12", b"\x10\x01", b"\x12\x02\x20\x01", b"\x12\x01\xff"):
        with pytest.raises(ValueError):
            tree_of(data)

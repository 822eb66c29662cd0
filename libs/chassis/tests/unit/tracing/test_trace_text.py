"""The text that carries a trace: what a client sends, what is kept, what an endpoint gets."""

import pytest
from angarium_chassis.tracing.trace_state import parse_tracestate
from angarium_chassis.tracing.trace_text import (
    TraceContext,
    exemplar_of,
    is_recorded,
    log_fields,
    parse_traceparent,
    passed_on,
    recorded,
    traceparent_of,
)
from hypothesis import given
from hypothesis import strategies as st

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def header(flags: str, version: str = "00", trace: str = TRACE, span: str = SPAN) -> str:
    return f"{version}-{trace}-{span}-{flags}"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        header("01", version="ff"),
        header("01", trace="0" * 32),
        header("01", span="0" * 16),
        header("01", trace=TRACE.upper()),
        header("1"),
        header("01") + "-more",
        header("01") + " ",
        "\n" + header("01"),
        header("01", version="01") + "-" + "a" * 512,
    ],
)
def test_what_is_no_traceparent_begins_no_trace(text: str | None) -> None:
    assert parse_traceparent(text) is None
    assert passed_on(text) is None


def test_a_later_version_is_read_as_far_as_this_one_goes() -> None:
    text = header("01", version="01") + "-more"
    assert parse_traceparent(text) == TraceContext(TRACE, SPAN, 1)
    assert passed_on(text) == header("01")


@pytest.mark.parametrize(
    ("flags", "kept"),
    [("00", None), ("02", None), ("01", "01"), ("03", "03"), ("81", "01"), ("ff", "03")],
)
def test_only_a_sampled_context_is_passed_on_and_no_client_sets_our_flag(
    flags: str, kept: str | None
) -> None:
    text = passed_on(header(flags))
    assert text == (None if kept is None else header(kept))
    assert not is_recorded(text)


def test_an_endpoint_does_not_get_our_flag() -> None:
    text = recorded(TRACE, SPAN)
    assert is_recorded(text)
    assert (text, traceparent_of(text)) == (header("81"), header("01"))
    assert traceparent_of(header("03")) == header("03")


@given(st.text(max_size=600))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    kept = passed_on(text)
    assert kept is None or parse_traceparent(kept) is not None


def test_lines_and_exemplars_name_the_trace() -> None:
    assert log_fields(header("01")) == log_fields(header("81")) == {"trace_id": TRACE}
    assert log_fields(None) == log_fields("odd") == {}
    assert exemplar_of(header("81")) == {"trace_id": TRACE, "span_id": SPAN}
    assert exemplar_of(header("01")) is exemplar_of(None) is None


def test_a_tracestate_is_read_in_order() -> None:
    assert parse_tracestate("b@x=1, a=2 3,,c*/-_=~") == [
        ("b@x", "1"), ("a", "2 3"), ("c*/-_", "~"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "a",
        "A=1",
        "a=",
        "a=1,a=2",
        "a=é",
        "a=1\nb=2",
        ",".join(f"k{number}=1" for number in range(33)),
        "a=" + "b" * 511,
    ],
)
def test_a_tracestate_that_is_not_valid_is_left_out(text: str | None) -> None:
    assert parse_tracestate(text) == []

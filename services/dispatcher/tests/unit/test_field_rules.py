"""What members may hold; every refusal names the member and says what to change."""

import re
from collections.abc import Callable

import pytest
from angarium_dispatcher.domain import field_rules as rules
from angarium_dispatcher.domain.event_type import check_schemas
from angarium_dispatcher.domain.refusals import InvalidField
from angarium_dispatcher.domain.schedules import check_schedules_count
from hypothesis import given
from hypothesis import strategies as st

REFUSED: list[tuple[str, Callable[[], None]]] = [
    ("uid", lambda: rules.check_uid("", prefix="app")),
    ("uid", lambda: rules.check_uid("a b", prefix="app")),
    ("uid", lambda: rules.check_uid("ü", prefix="app")),
    ("uid", lambda: rules.check_uid("a\n", prefix="app")),
    ("uid", lambda: rules.check_uid("a" * 257, prefix="app")),
    ("uid", lambda: rules.check_uid("app_customer", prefix="app")),
    ("name", lambda: rules.check_title("name", "")),
    ("name", lambda: rules.check_title("name", "  ")),
    ("name", lambda: rules.check_title("name", "a\x00b")),
    ("name", lambda: rules.check_title("name", "n" * 257)),
    ("description", lambda: rules.check_description("d" * 4_097)),
    ("description", lambda: rules.check_description("a\x00")),
    ("throttle_rate", lambda: rules.check_throttle_rate(0)),
    ("throttle_rate", lambda: rules.check_throttle_rate(65_536)),
    ("weight", lambda: rules.check_weight(0)),
    ("weight", lambda: rules.check_weight(1_001)),
    ("concurrency_max", lambda: rules.check_concurrency_max(0)),
    ("concurrency_max", lambda: rules.check_concurrency_max(1_001)),
    ("retry_delays_s", lambda: rules.check_retry_delays([1.0] * 51)),
    ("retry_delays_s", lambda: rules.check_retry_delays([1.0, 0.0])),
    ("retry_delays_s", lambda: rules.check_retry_delays([-1.0])),
    ("retry_delays_s", lambda: rules.check_retry_delays([2_592_000.1])),
    ("retry_delays_s", lambda: rules.check_retry_delays([float("nan")])),
    ("retry_delays_s", lambda: rules.check_retry_delays([float("inf")])),
    ("retry_delays_s", lambda: check_schedules_count(500)),
    ("metadata", lambda: rules.check_metadata({str(n): "" for n in range(51)})),
    ("metadata", lambda: rules.check_metadata({"k" * 41: ""})),
    ("metadata", lambda: rules.check_metadata({"": ""})),
    ("metadata", lambda: rules.check_metadata({"k": "v" * 501})),
    ("event_types", lambda: rules.check_event_types([])),
    ("event_types", lambda: rules.check_event_types(["a", "a"])),
    ("event_types", lambda: rules.check_event_types(["a b"])),
    ("event_types", lambda: rules.check_event_types([str(n) for n in range(501)])),
    ("channels", lambda: rules.check_channels([str(n) for n in range(11)])),
    ("channels", lambda: rules.check_channels(["c" * 129])),
]


@pytest.mark.parametrize(("member", "check"), REFUSED)
def test_what_is_out_of_bounds_is_refused_by_its_member(
    member: str, check: Callable[[], None]
) -> None:
    with pytest.raises(InvalidField) as refused:
        check()
    assert refused.value.field == member
    assert str(refused.value).endswith(".")


def test_what_is_at_the_bounds_is_accepted() -> None:
    rules.check_uid(None, prefix="app")
    rules.check_uid("a" * 256, prefix="app")
    rules.check_uid("ep_is-fine-for-an-application", prefix="app")
    rules.check_title("name", "n" * 256)
    rules.check_title("name", "Ünïcode ✓")
    rules.check_description("two\nlines\tand a tab")
    rules.check_throttle_rate(1)
    rules.check_throttle_rate(65_535)
    rules.check_throttle_rate(None)
    rules.check_weight(1)
    rules.check_weight(1_000)
    rules.check_concurrency_max(None)
    rules.check_concurrency_max(1_000)
    rules.check_retry_delays(None)
    rules.check_retry_delays([])
    rules.check_retry_delays([0.001, 2_592_000.0] * 25)
    check_schedules_count(499)
    rules.check_metadata({f"{n:040}": "v" * 500 for n in range(50)})
    rules.check_event_types(None)
    rules.check_channels([str(n) for n in range(10)])


@given(st.text(max_size=20))
def test_a_token_is_accepted_exactly_when_the_api_pattern_says_so(text: str) -> None:
    expected = re.fullmatch(r"[a-zA-Z0-9\-_.]+", text) is not None
    try:
        rules.check_token("name", text)
    except InvalidField:
        assert not expected
    else:
        assert expected


@pytest.mark.parametrize("schemas", [b"[]", b"{", b'{"1": 2}', b'{"1": {"a": NaN}}', b"\xff", b""])
def test_schemas_that_are_no_object_of_objects_are_refused(schemas: bytes) -> None:
    with pytest.raises(InvalidField) as refused:
        check_schemas(schemas)
    assert refused.value.field == "schemas"

"""Events are checked as Angarium's API would check them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_gateway.adapters.http.posted_message import read_message
from angarium_outbox.event import LANES, Event, InvalidEvent, lane_of, new_event_id, row_of
from angarium_outbox.posting import body_of
from angarium_outbox.store import PendingEvent
from hypothesis import given
from hypothesis import strategies as st

VALID: dict[str, Any] = {"application": "acme", "event_type": "a.b", "payload": {}}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"application": ""}, "`application`"),
        ({"application": "a/b"}, "`application`"),
        ({"application": ".."}, "`application`"),
        ({"event_type": "a b"}, "`event_type`"),
        ({"event_type": "a\n"}, "`event_type`"),
        ({"event_type": "a" * 257}, "`event_type`"),
        ({"event_id": "msg_1"}, "`event_id`"),
        ({"event_id": "batch"}, "`event_id`"),
        ({"event_id": 'a"'}, "`event_id`"),
        ({"payload": [1]}, "`payload`"),
        ({"payload": {"a": float("nan")}}, "`payload`"),
        ({"payload": {"a": object()}}, "`payload`"),
        ({"payload": {"a": "\ud800"}}, "`payload`"),
        ({"key": ""}, "`key`"),
        ({"key": "a\0"}, "`key`"),
        ({"key": "a" * 257}, "`key`"),
        ({"deliver_at": datetime(2030, 1, 1)}, "`deliver_at`"),  # noqa: DTZ001
        ({"tags": "abc"}, "`tags`"),
        ({"tags": [""]}, "`tags`"),
        ({"tags": ["a\0"]}, "`tags`"),
        ({"tags": ["\ud800"]}, "`tags`"),
        ({"tags": [str(number) for number in range(9)]}, "`tags`"),
        ({"channels": ["a", "a"]}, "`channels`"),
        ({"channels": ["a b"]}, "`channels`"),
        ({"channels": list("abcdef")}, "`channels`"),
    ],
)
def test_what_the_platform_would_refuse_is_refused_with_its_argument(
    changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidEvent, match=named):
        row_of(Event(**(VALID | changed)))


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.builds(
        Event,
        application=st.from_regex(r"[a-zA-Z0-9\-_]{1,20}", fullmatch=True),
        event_type=st.from_regex(r"[a-zA-Z0-9\-_]{1,20}", fullmatch=True),
        payload=st.dictionaries(st.text(), _json, max_size=3),
        key=st.none() | st.text(min_size=1).filter(lambda text: "\0" not in text),
        tags=st.lists(
            st.text(min_size=1).filter(lambda text: "\0" not in text), max_size=8, unique=True
        ),
        channels=st.lists(
            st.from_regex(r"[a-zA-Z0-9\-_.]{1,20}", fullmatch=True), max_size=5, unique=True
        ),
        deliver_at=st.none() | st.just(datetime(2030, 1, 2, 3, tzinfo=UTC)),
    )
)
def test_what_is_added_is_read_by_the_platform_as_it_was_given(event: Event) -> None:
    row = row_of(event)
    body = body_of([PendingEvent(position=1, **row)])

    alone = body.removeprefix(b'{"messages":[').removesuffix(b"]}")
    addressed = f'{{"applicationId":"{event.application}",'.encode()
    assert alone.startswith(addressed)
    message = read_message(b"{" + alone.removeprefix(addressed), payload_bytes_max=1_000_000)
    assert (message.event_type, message.event_id) == (event.event_type, row["event_id"])
    assert bytes(message.payload).decode() == row["payload"]
    assert list(message.tags or []) == list(event.tags)
    assert list(message.channels or []) == list(event.channels)
    assert message.deliver_at == event.deliver_at


def test_event_ids_are_generated_in_the_order_of_time_and_are_valid() -> None:
    made = [new_event_id() for _ in range(100)]

    assert len(set(made)) == 100
    assert all(len(event_id) == 36 for event_id in made)
    assert [event_id[4:16] for event_id in made] == sorted(event_id[4:16] for event_id in made)


@given(st.text(min_size=1), st.text(min_size=1).filter(lambda text: "\ud800" not in text))
def test_a_key_of_an_application_is_always_in_the_same_lane(application: str, key: str) -> None:
    assert 0 <= lane_of(application, key) < LANES
    assert lane_of(application, key) == lane_of(application, key)


def test_lanes_do_not_change_between_versions() -> None:
    assert [lane_of("acme", key) for key in ("a", "b", "é")] == [26, 0, 23]

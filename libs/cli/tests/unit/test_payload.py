"""Payloads, examples and times as they are written on a command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from angarium_cli.client.times import future_time, past_time
from angarium_cli.failure import CommandFailed
from angarium_cli.send.examples import example_of
from angarium_cli.send.payload import assigned, payload_of


def test_values_are_json_or_else_text() -> None:
    words = ["n=5", 't="5"', "name=Ada L", "on=true", "none=null", "list=[1]", "url=a=b", "empty="]

    assert payload_of(words) == {
        "n": 5,
        "t": "5",
        "name": "Ada L",
        "on": True,
        "none": None,
        "list": [1],
        "url": "a=b",
        "empty": "",
    }


def test_dots_lead_into_objects_and_the_example_stays_as_it_is() -> None:
    example = {"customer": {"name": "Ada", "id": 1}}

    changed = assigned(example, ["customer.name=Grace", "customer.address.city=Arlington"])

    assert changed == {"customer": {"name": "Grace", "id": 1, "address": {"city": "Arlington"}}}
    assert example == {"customer": {"name": "Ada", "id": 1}}


@pytest.mark.parametrize(
    "words", [["a=1", "b"], ["=1"], ["a..b=1"], ["a=1", "a.b=2"], ["none.json"]]
)
def test_what_is_no_payload_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandFailed):
        payload_of(words)


@pytest.mark.parametrize("content", ["", "[1]", "{'a': 1}"])
def test_a_file_must_have_an_object(tmp_path: Path, content: str) -> None:
    path = tmp_path / "payload.json"
    path.write_text(content)

    with pytest.raises(CommandFailed, match=r"payload\.json"):
        payload_of([str(path)])


def test_the_example_is_of_the_newest_schema() -> None:
    schemas = {
        "2": {"examples": [{"v": 2}]},
        "10": {"examples": [{"v": 10}, {"v": 11}]},
        "9": {"examples": [{"v": 9}]},
    }

    assert example_of({"name": "a", "schemas": schemas}, 1) == {"v": 11}


@pytest.mark.parametrize("schemas", [None, {}, {"1": {}}, {"1": {"examples": []}}])
def test_without_an_example_the_remedy_is_told(schemas: object) -> None:
    with pytest.raises(CommandFailed, match="angarium send"):
        example_of({"name": "a", "schemas": schemas}, 0)


def test_times_are_absolute_or_counted_from_now() -> None:
    now = datetime.now(UTC)

    assert past_time("2026-03-01T12:00:00", "--since") == "2026-03-01T12:00:00+00:00"
    assert datetime.fromisoformat(past_time("2h", "--since")) >= now - timedelta(hours=2)
    assert datetime.fromisoformat(past_time("2h", "--since")) < now
    assert datetime.fromisoformat(future_time("30m", "--at")) >= now + timedelta(minutes=30)
    with pytest.raises(CommandFailed, match="--since 'yesterday' is neither"):
        past_time("yesterday", "--since")

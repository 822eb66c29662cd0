"""Output of the commands for users."""

import json
from typing import Any

import pytest
import yaml
from angarium_cli.client.options import OutputForm
from angarium_cli.client.output import show_list, show_one

HOSTILE = "name\x1b[31m\x9b2J"
ITEMS: list[dict[str, Any]] = [
    {"id": "app_1", "name": HOSTILE, "tags": ["a", "b"], "inner": {"percent": 5}, "on": True},
    {"id": "app_2", "name": "Plain", "tags": None, "on": False},
]
COLUMNS = [("id", "id"), ("name", "name"), ("tags", "tags"), ("%", "inner.percent"), ("on", "on")]


def shown(capsys: pytest.CaptureFixture[str], form: OutputForm) -> str:
    show_list(ITEMS, COLUMNS, form)
    return capsys.readouterr().out


def test_a_table_in_a_file_has_one_line_an_item_and_no_colour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = shown(capsys, OutputForm.table).splitlines()

    assert lines[0].split() == ["id", "name", "tags", "%", "on"]
    assert lines[1].split() == ["app_1", "name?[31m?2J", "a,", "b", "5", "yes"]
    assert lines[2].split() == ["app_2", "Plain", "no"]


@pytest.mark.parametrize(("form", "parse"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_data_is_whole_and_without_characters_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str], form: str, parse: object
) -> None:
    text = shown(capsys, OutputForm(form))

    assert callable(parse)
    assert parse(text) == ITEMS
    assert not {"\x1b", "\x9b"} & set(text)


def test_one_item_leaves_out_what_it_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    show_one(
        {"id": "ep_1", "uid": None, "eventTypes": ["a"], "metadata": {"k": "é"}}, OutputForm.table
    )

    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [(name, value.strip()) for name, value in rows] == [
        ("id", "ep_1"),
        ("eventTypes", "a"),
        ("metadata", '{"k": "é"}'),
    ]

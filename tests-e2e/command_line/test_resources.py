"""The commands of resources against a real platform."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from ..child_process import ANGARIUM  # noqa: TID252 - tests are no installed package
from .conftest import Run
from .terminal import Terminal


def data(run: Run, *arguments: str) -> Any:
    done = run(*arguments, "--output", "json")
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_an_application_and_its_endpoint_live_and_die(logged_in: Run, acme: str) -> None:
    run = logged_in
    changed = data(run, "apps", "change", acme, "--name", "New", "--metadata", "plan=gold")
    assert (changed["name"], changed["metadata"]) == ("New", {"plan": "gold"})
    made = data(
        run, "endpoints", "create", "https://example.com/hook", "--app", acme, "--uid", "orders",
        "--event-type", "a,b", "--event-type", "c", "--retry-schedule", "1,2.5",
        "--set", 'headers={"x-key": "value"}',
    )  # fmt: skip
    assert made["eventTypes"] == ["a", "b", "c"]
    assert made["retrySchedule"] == [1, 2.5]
    changed = data(
        run,
        "endpoints",
        "change",
        "orders",
        "--app",
        acme,
        "--disabled",
        "--set",
        "eventTypes=null",
    )
    assert (changed["disabled"], changed["eventTypes"]) == (True, None)
    assert data(run, "endpoints", "secret", "orders", "--app", acme)["key"].startswith("whsec_")
    assert data(run, "endpoints", "health", "orders", "--app", acme)["parked"] == 0

    assert run("endpoints", "delete", "orders", "--app", acme, "--yes").status == 0
    assert run("endpoints", "show", "orders", "--app", acme).status == 4
    assert run("apps", "delete", acme, "-y").status == 0
    assert run("apps", "show", acme).status == 4


def test_lists_are_paged_and_filtered(logged_in: Run) -> None:
    run, mark = logged_in, uuid4().hex
    for number in range(3):
        data(run, "apps", "create", f"{mark} {number}", "--uid", f"{mark}-{number}")

    two = run("apps", "list", "--search", mark, "--limit", "2", "-o", "json")
    assert len(json.loads(two.out)) == 2
    assert "use --limit or --all" in two.err
    every = run("apps", "list", "--search", mark, "--all", "--order", "descending")
    assert every.err == ""
    assert [line.split()[1] for line in every.out.splitlines()] == [
        "uid",
        *[f"{mark}-{number}" for number in (2, 1, 0)],
    ]
    assert yaml.safe_load(run("apps", "list", "--search", "no-such-mark", "-o", "yaml").out) == []


def test_a_catalog_is_exported_and_imported(logged_in: Run, tmp_path: Path) -> None:
    run, name = logged_in, f"order.placed-{uuid4().hex}"
    data(run, "event-types", "create", name, "--description", "Placed.", "--group", "orders")
    catalog = run("event-types", "export", "--output", "yaml")
    assert name in yaml.safe_load(catalog.out)["webhooks"]
    document = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "webhooks": {name: {"post": {"description": "Changed.", "requestBody": {"content": {
            "application/json": {"schema": {"type": "object"}}}}}}},
    }  # fmt: skip
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(document))

    planned = run("event-types", "import", str(path), "--dry-run")
    assert (planned.status, name in planned.out) == (0, True), planned
    assert data(run, "event-types", "show", name)["description"] == "Placed."
    done = run("event-types", "import", "-", given=path.read_bytes())
    assert done.status == 0, done.err
    assert data(run, "event-types", "show", name)["description"] == "Changed."
    assert run("event-types", "delete", name, "--expunge", "--yes").status == 0


def test_a_delete_asks_on_a_terminal_and_a_no_deletes_nothing(
    logged_in: Run, acme: str, terminal_environment: dict[str, str]
) -> None:
    delete = [ANGARIUM, "apps", "delete", acme]
    with Terminal(delete, terminal_environment) as terminal:
        terminal.until(f"Delete the application {acme}?")
        terminal.type("n\n")
        assert terminal.ended() == 130
    assert logged_in("apps", "show", acme).status == 0


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_unless_nobody_wants_them(
    acme: str, terminal_environment: dict[str, str], variables: dict[str, str], coloured: bool
) -> None:
    listing = [ANGARIUM, "apps", "list", "--search", acme]
    with Terminal(listing, terminal_environment | variables) as terminal:
        assert terminal.ended() == 0
    assert acme in terminal.text
    # Bold is no colour; NO_COLOR is about colours only.
    assert ("\x1b[" in terminal.raw) or not coloured
    assert not any(f"\x1b[{code}m" in terminal.raw for code in range(30, 38) if not coloured)

"""The generated pages of the reference are current, and the AsyncAPI document is valid."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from angarium_cli.main import app

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from .asyncapi_document import asyncapi_document
from .stream_contracts import STREAMS, answers, contracts
from .write import PAGES, PRINTED_METRICS, REFERENCE, metric_tables

NPM = Path(sys.executable).with_name("npm")
PACKAGES = Path(__file__).parent / "asyncapi"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text() == PAGES[name](), f"{name}: run `make reference`"


def test_the_command_prints_the_metrics_that_are_declared() -> None:
    assert PRINTED_METRICS.read_text() == metric_tables(), "run `make reference`"


def test_every_contract_travels_in_a_stream() -> None:
    # A contract that is neither an entry nor asked is taken for an answer.
    asked = {question for stream in STREAMS for question in stream.questions}
    said = {kind.__name__: kind.__doc__ or "" for kind in answers()}

    assert asked <= set(contracts().values())
    assert [name for name, text in said.items() if text.startswith(("Query", "Command"))] == []


def test_every_command_has_a_section() -> None:
    page = (REFERENCE / "command-line.md").read_text()

    def sections(command: Any, path: str) -> list[str]:
        below = getattr(command, "commands", {})
        return [path] + [
            each for name, sub in below.items() for each in sections(sub, f"{path} {name}")
        ]

    commands = sections(typer.main.get_command(app), "angarium")
    groups = {path for path in commands if any(each.startswith(f"{path} ") for each in commands)}
    missing = [path for path in commands if f"\n## `{path}` {{" not in page]
    assert set(missing) <= groups
    assert len(commands) - len(missing) > 30


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> jsonschema.Draft7Validator:
    """The JSON schema of AsyncAPI 3.0, from the package that its authors publish."""
    folder = tmp_path_factory.mktemp("asyncapi")
    shutil.copytree(PACKAGES, folder, dirs_exist_ok=True)
    done = subprocess.run(
        [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=bare_environment(PATH=f"{NPM.parent}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    schema = folder / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
    return jsonschema.Draft7Validator(json.loads(schema.read_bytes()))


def test_the_streams_are_a_valid_asyncapi_document(validator: jsonschema.Draft7Validator) -> None:
    document = asyncapi_document()

    assert [error.message for error in validator.iter_errors(document)] == []

    del document["operations"]["gatewaySendsMessagesAccepted"]["channel"]
    assert not validator.is_valid(document)


def test_every_example_fits_its_schema() -> None:
    document = asyncapi_document()

    count = 0
    for message in document["components"]["messages"].values():
        checker = jsonschema.Draft202012Validator({**document, **message["payload"]})
        for each in message["examples"]:
            checker.validate(each["payload"])
            count += 1
    assert count >= len(contracts()) - 2


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi_document()

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for member in value.values() for each in references(member)]
        return (
            [each for item in value for each in references(item)] if isinstance(value, list) else []
        )

    for reference in references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]

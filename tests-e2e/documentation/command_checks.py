"""Checks of commands that cannot run here: what they name exists, and fits."""

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import typer
from angarium_chassis.known_settings import unknown_settings
from angarium_cli.main import app
from angarium_gateway.adapters.http.application import api_document
from svix.api import Svix

from .code_blocks import REPOSITORY

_CLI = typer.main.get_command(app)
_TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
_DATABASES = {f"angarium_{service}" for service in ("gateway", "dispatcher", "worker")}
OF_A_CLIENT = {"ANGARIUM_KEY", "ANGARIUM_URL", "ANGARIUM_TOKEN", "ANGARIUM_IMPORT_TOKEN"}
"""Variables of the guides, and of commands that call the API."""
OF_THE_PROXY = {"ANGARIUM_SITE"}


def check_variables(variables: dict[str, str]) -> None:
    """Every `ANGARIUM_…` is a setting, or a variable of a client."""
    ours = {name for name in variables if name.startswith("ANGARIUM_")}
    assert unknown_settings(dict.fromkeys(ours - OF_A_CLIENT - OF_THE_PROXY, "")) == []


def check_angarium(command: list[str]) -> None:
    """The command exists, takes each option, and gets as many arguments as it needs."""
    found, arguments = _CLI, []
    words = iter(command[1:])
    for word in words:
        below = getattr(found, "commands", {})
        if word.startswith("-") and word != "-":
            option = next(
                (each for each in found.params if word in (*each.opts, *each.secondary_opts)), None
            )
            assert option is not None, f"{word} of {command}"
            if not getattr(option, "is_flag", False):
                next(words)
        elif word in below:
            found = below[word]
        else:
            assert not below or getattr(found, "invoke_without_command", False), command
            arguments.append(word)
    places = [each for each in found.params if each.param_type_name == "argument"]
    needed = [each for each in places if each.required]
    assert len(arguments) >= len(needed), command
    assert len(arguments) <= len(places) or any(each.nargs == -1 for each in places), command


def check_make(command: list[str]) -> None:
    """Every target exists."""
    targets = {word for word in command[1:] if "=" not in word}
    assert targets <= _TARGETS, targets - _TARGETS


def check_call(command: list[str]) -> None:
    """The operation exists, and takes the body."""
    method, path, *body = command[1:]
    check_operation(method, f"/api/v1/{path}", body[0] if body else None)


def check_curl(command: list[str]) -> None:
    """As `check_call`, of `curl -X METHOD URL -d BODY`."""
    method, body, url = "GET", None, ""
    words = iter(command[1:])
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-d":
                body = next(words)
            case "-H" | "-o":
                next(words)
            case _ if not word.startswith("-"):
                url = word
    check_operation(method, re.sub(r"^(\$ANGARIUM_URL|https?://[^/]+)", "", url), body)


def check_operation(method: str, path: str, body: str | None) -> None:
    """The operation is in the OpenAPI document, and its schema takes the body."""
    document = _api()
    path = path.partition("?")[0]
    for template, item in document["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in item:
            break
    else:
        raise AssertionError(f"{method} {path} is no operation of the API")
    if body is not None and "…" not in body:
        content = item[method.lower()]["requestBody"]["content"]["application/json"]
        checker = jsonschema.Draft202012Validator({**document, **content["schema"]})
        checker.validate(msgspec.json.decode(body))


@cache
def _api() -> dict[str, Any]:
    return api_document().members


def check_files(command: list[str]) -> None:
    """Files of the repository that the command names exist."""
    for path in (word for word in command if word.startswith(("deploy/", "docs/"))):
        assert (REPOSITORY / path).exists(), path


def check_database_client(command: list[str]) -> None:
    """It names a database of ours."""
    (named,) = re.findall(r"--dbname=(\w+)", " ".join(command)) or ["angarium_gateway"]
    assert named in _DATABASES or "$service" in " ".join(command), command


def check_tutorial_script(page: str) -> Callable[[list[str]], None]:
    """The script is one of the page."""
    titles = set(re.findall(r'```python title="([\w.]+)"', (REPOSITORY / page).read_text()))

    def check(command: list[str]) -> None:
        assert Path(command[1]).name in titles, command

    return check


def check_sdk_calls(text: str) -> None:
    """The modules that the code imports exist, and so do the operations of `svix` that it calls."""
    tree = ast.parse(text)
    imports: list[ast.stmt] = [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    exec(compile(ast.Module(imports, []), "guide", "exec"), {})
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in calls:
        path = ast.unparse(call)
        if path.startswith("svix."):
            found: Any = Svix("key")
            for name in path.split(".")[1:]:
                found = getattr(found, name)


CHECKS: dict[str, Callable[[list[str]], Any]] = {
    "angarium": check_angarium,
    "make": check_make,
    "call": check_call,
    "curl": check_curl,
    "cp": check_files,
    "chmod": check_files,
    "bash": check_files,
    "caddy": check_files,
    "python": check_files,
    "psql": check_database_client,
}
"""By the program of the command."""

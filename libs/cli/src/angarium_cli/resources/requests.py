"""Sends what a command of the table asks for, and prints the answer."""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import typer

from angarium_cli.client.api_client import ApiClient
from angarium_cli.client.output import show_list, show_one
from angarium_cli.client.session import Item, Session, open_session, path_of
from angarium_cli.client.times import past_time
from angarium_cli.failure import CommandFailed

from .commands import LIMIT_MAX
from .operation import Field, Kind, Operation

_PAGE: Final = 250
_EMPTY_PAGES_MAX: Final = 10_000


def carry_out(operation: Operation, values: Mapping[str, Any]) -> None:
    """Send the request of a command with its arguments and options. Raises CommandFailed."""
    sent = {**operation.fixed, **fields_of(operation, values)}
    arguments = {each.name: str(values[each.name]) for each in operation.arguments}
    if operation.asks:
        confirm(operation.asks.format_map(arguments), confirmed=values["yes"])
    form = values["output"]
    with open_session(values["profile"]) as session:
        path = _path(operation, session, arguments, values.get("app"))
        if operation.paged:
            limit = LIMIT_MAX if values["every"] else values["limit"]
            items, more = read_pages(session.api, path, sent, limit)
            show_list(items, operation.columns, form)
            if more:
                typer.echo("There are more: use --limit or --all.", err=True)
            return
        body, query = (sent, None) if operation.has_body else (None, sent)
        answer = session.api.send(operation.method, path, query=query, body=body)
    if answer is None:
        typer.echo("Done.", err=True)
    else:
        show_one(answer, form)


def fields_of(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters or members for the options and arguments of a command.

    Raises CommandFailed for a value that its option does not take.
    """
    found: dict[str, Any] = {
        each.name: values[each.name]
        for each in operation.arguments
        if each.name not in operation.path_names
    }
    for field in operation.fields:
        value = values[field.name]
        if value is not None and value != []:
            found[field.name] = _value(field, value)
    for each in values.get("set_members") or ():
        name, text = _pair(each, "--set")
        try:
            found[name] = json.loads(text)
        except ValueError:
            raise CommandFailed(
                f"--set {name}: {text[:40]!r} is not JSON; write text as"
                f" '{name}=\"text\"', and reset a member with {name}=null"
            ) from None
    return found


def read_pages(
    api: ApiClient, path: str, query: Mapping[str, Any], limit: int
) -> tuple[list[Item], bool]:
    """At most `limit` items of a list, and True if there are more. Raises CommandFailed."""
    items: list[Item] = []
    asked: dict[str, Any] = dict(query)
    # A search may give empty pages, but goes on.
    for _ in range(_EMPTY_PAGES_MAX):
        page = api.get(path, **asked, limit=min(_PAGE, limit - len(items)))
        items += page["data"]
        iterator = page.get("iterator")
        if page["done"] or iterator is None:
            return items, False
        if len(items) >= limit:
            return items, True
        asked["iterator"] = iterator
    return items, True


def confirm(question: str, *, confirmed: bool) -> None:
    """Ask on a terminal. Raises typer.Abort for a no, and CommandFailed without a terminal."""
    if confirmed:
        return
    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask for confirmation on; use --yes")
    typer.confirm(question, abort=True, err=True)


def _path(
    operation: Operation, session: Session, arguments: Mapping[str, str], app: str | None
) -> str:
    names = operation.path_names
    parts = {name: arguments[name] for name in names if name in arguments}
    if "app_id" in names and "app_id" not in parts:
        if operation.path_of_all is None:
            parts["app_id"] = session.application(app)
        else:
            found = session.application_or_none(app)
            if found is None:
                return operation.path_of_all
            parts["app_id"] = found
    return path_of(operation.path, **parts)


def _value(field: Field, value: Any) -> Any:
    if field.choices:
        return field.choices[value]
    match field.kind:
        case Kind.LIST:
            return [part for each in value for part in each.split(",") if part]
        case Kind.MAP:
            return dict(_pair(each, field.option) for each in value)
        case Kind.NUMBERS:
            return _numbers(value, field.option)
        case Kind.TIME:
            return past_time(value, field.option)
    return value


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise CommandFailed(f"{option} {text[:40]!r} is not name=value")
    return name, value


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(each) for each in text.split(",") if each]
    except ValueError:
        raise CommandFailed(f"{option} {text!r} is not numbers separated by commas") from None

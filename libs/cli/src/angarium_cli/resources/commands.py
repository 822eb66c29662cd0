"""Makes Typer commands of the table of resources."""

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, Literal

import typer

from angarium_cli.client.options import Application, Form, OutputForm, ProfileName, Yes

from .operation import Argument, Field, Kind, Operation, Resource

LIMIT: Final = 50
LIMIT_MAX: Final = 100_000

_Limit = Annotated[
    int, typer.Option("--limit", min=1, max=LIMIT_MAX, help="Number of items, at most.")
]
_All = Annotated[bool, typer.Option("--all", help=f"List all items, up to {LIMIT_MAX:,}.")]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Any other member of the API's request, as name=JSON; may be repeated.",
        show_default=False,
    ),
]
_TYPES: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: str | None,
    Kind.WHOLE: int | None,
    Kind.FLAG: bool | None,
    Kind.LIST: list[str] | None,
    Kind.MAP: list[str] | None,
    Kind.NUMBERS: str | None,
    Kind.TIME: str | None,
}


def resource_commands(resource: Resource) -> typer.Typer:
    """The group of commands of a resource."""
    group = typer.Typer(help=resource.help, no_args_is_help=True, rich_markup_mode=None)
    for operation in resource.operations:
        group.command(
            operation.verb, help=operation.help, epilog=f"Example: angarium {operation.example}"
        )(_command(operation))
    return group


def _command(operation: Operation) -> Callable[..., None]:
    def run(**values: Any) -> None:
        from angarium_cli.resources.requests import carry_out

        carry_out(operation, values)

    parameters = [_argument(each) for each in operation.arguments]
    parameters += [_option(each) for each in operation.fields]
    if operation.free_members:
        parameters.append(_parameter("set_members", _Set, None))
    if "app_id" in operation.path_names and not _names(operation, "app_id"):
        parameters.append(_parameter("app", Application, None))
    if operation.paged:
        parameters += [_parameter("limit", _Limit, LIMIT), _parameter("every", _All, False)]
    if operation.asks:
        parameters.append(_parameter("yes", Yes, False))
    parameters.append(_parameter("profile", ProfileName, None))
    parameters.append(_parameter("output", Form, OutputForm.table))
    # Typer reads the parameters of a command from its signature.
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _names(operation: Operation, name: str) -> bool:
    return any(argument.name == name for argument in operation.arguments)


def _argument(argument: Argument) -> Parameter:
    shown = argument.name.removesuffix("_id").upper()
    annotation = Annotated[str, typer.Argument(metavar=shown, help=argument.help)]
    return Parameter(argument.name, Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)


def _option(field: Field) -> Parameter:
    names = field.option
    if field.kind is Kind.FLAG:
        names = f"{field.option}/--no-{field.option.removeprefix('--')}"
    value: Any = _TYPES[field.kind]
    if field.choices:
        value = Literal[tuple(field.choices)] | None
    option = typer.Option(names, help=field.help, show_default=False)
    return _parameter(field.name, Annotated[value, option], None)


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

"""The query of a request, read strictly: nothing in it is dropped.

Litestar ignores parameters that it does not know, and takes the last of those that are repeated.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl, urlencode

from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg, PathParameter
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.typing import FieldDefinition

from .problems import Fault, Refused, invalid
from .value_sentences import did_you_mean

_INDEX: Final = re.compile(r"\[\d*\]\Z")
"""Suffixes of names of lists: `event_types[]=a` and `event_types[0]=a` are common."""


class StrictQueries:
    """ASGI middleware that refuses unknown and repeated query parameters, and gives handlers one
    spelling of lists: the repeated name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known: dict[HTTPRouteHandler, tuple[frozenset[str], frozenset[str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its query is as the operation declares it."""
        if scope["type"] == ScopeType.HTTP and scope["query_string"]:
            handler = scope["route_handler"]
            if isinstance(handler, HTTPRouteHandler) and handler.operation_id is not None:
                singles, lists = self._names(handler)
                read = read_query(scope["query_string"], singles, lists)
                scope["query_string"] = urlencode(read).encode()
        await self._app(scope, receive, send)

    def _names(self, handler: HTTPRouteHandler) -> tuple[frozenset[str], frozenset[str]]:
        if handler not in self._known:
            fields = parameters_of(handler).items()
            found = {name: is_list(field) for name, field in fields if not is_path(field)}
            lists = frozenset(name for name, many in found.items() if many)
            self._known[handler] = (frozenset(found) - lists, lists)
        return self._known[handler]


def read_query(
    query: bytes, singles: Collection[str], lists: Collection[str] = ()
) -> list[tuple[str, str]]:
    """The parameters of a query, those of `lists` under their plain names.

    Raises `Refused` (422) for a name that is in neither, a repeated one of `singles`, and what is
    not UTF-8.
    """
    try:
        given = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        message = "The query is not percent-encoded UTF-8. Encode it as such."
        raise Refused(invalid(Fault(("query",), message))) from None
    read: list[tuple[str, str]] = []
    faults: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in given:
        plain = _INDEX.sub("", name)
        if plain in lists:
            read.append((plain, value))
        elif name not in singles:
            known = sorted((*singles, *lists))
            faults[name] = f"There is no query parameter `{name}`. {did_you_mean(name, known)}"
        elif name in seen:
            faults[name] = f"`{name}` takes one value. Give it once."
        else:
            seen.add(name)
            read.append((name, value))
    if faults:
        raise Refused(invalid(*(Fault(("query", name), text) for name, text in faults.items())))
    return read


def parameters_of(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    """The query and path parameters of an operation by their names, those of its dependencies
    included."""
    own = handler.parsed_fn_signature.parameters
    provided = handler.resolve_dependencies()
    found = list(own.values())
    for name in own:
        if name in provided:
            found += provided[name].parsed_fn_signature.parameters.values()
    return {
        field.kwarg_definition.name or field.name: field
        for field in found
        if isinstance(field.kwarg_definition, ParameterKwarg) and not field.is_di_field
    }


def is_path(field: FieldDefinition) -> bool:
    """True for a parameter that is a part of the path."""
    return isinstance(field.kwarg_definition, PathParameter)


def is_list(field: FieldDefinition) -> bool:
    """True for a parameter that takes several values."""
    return any(each.is_non_string_sequence for each in (field, *field.inner_types))

"""Requests by clients of version 1 of the Svix API, which has other names for some members."""

from typing import Any

import msgspec
from msgspec import UNSET

from .problems import Fault, Refused, invalid
from .schemas.fields import ApiSchema
from .schemas.former_names import FORMER_NAMES


def with_current_names[T: ApiSchema](data: T, *path: str) -> T:
    """The request with the members that it gives under former names under their current ones.

    Raises `Refused` if it gives a member under both and they differ. `null` differs from nothing
    where it means the same as leaving the member out. `path` is where the body has the object.
    """
    changes: dict[str, Any] = {}
    fields = {field.name: field for field in msgspec.structs.fields(data)}
    for former, current in FORMER_NAMES.items():
        given = getattr(data, former, UNSET)
        if given is UNSET:
            continue
        kept, default = getattr(data, current), fields[current].default
        if given is None and default is None:
            continue
        if kept is default:
            changes[current] = given
        elif kept != given:
            raise _contradiction(path, fields[former].encode_name, fields[current].encode_name)
    return msgspec.structs.replace(data, **changes) if changes else data


def _contradiction(path: tuple[str, ...], former: str, current: str) -> Refused:
    message = f"`{former}` and `{current}` are the same setting and differ. Give only `{current}`."
    return Refused(invalid(Fault(("body", *path, former), message)))

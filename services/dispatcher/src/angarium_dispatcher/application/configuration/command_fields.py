"""Carrying the fields of a command over to the object that it creates or changes."""

from typing import Any

from msgspec import UNSET, Struct


def fields_set(command: Struct, entity: type[Any]) -> dict[str, Any]:
    """The fields of `entity` that the command sets, by name; UNSET sets nothing.

    A field that a command and its entity share under one name needs no further code: a new
    object takes the entity's default where the command leaves it out, and an existing object
    keeps its value.
    """
    values = {
        name: getattr(command, name)
        for name in command.__struct_fields__
        if name in entity.__slots__
    }
    return {name: value for name, value in values.items() if value is not UNSET}

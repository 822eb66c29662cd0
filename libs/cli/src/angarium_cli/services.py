"""The three services, and the public modules that each offers to the command."""

from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, cast, get_args

if TYPE_CHECKING:
    from angarium_chassis.database.engine import Database
    from angarium_chassis.database.schema import Schema
    from angarium_chassis.settings import ServiceSettings

type ServiceName = Literal["gateway", "dispatcher", "worker"]

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName.__value__)
"""In the order in which a message passes them."""


class Examination(Protocol):
    """The module `examination` of a service, as far as all services have the same in it."""

    SCHEMA: "Schema"

    @staticmethod
    async def directory_version(database: "Database") -> int:
        """The version of the directory or its copy. Raises SQLAlchemy's errors."""


def examination_of(service: str) -> Examination:
    """Import a service's `examination`."""
    return cast("Examination", import_module(f"angarium_{service}.examination"))


def settings_class(service: str) -> "type[ServiceSettings]":
    """Import a service's settings model."""
    model: type[ServiceSettings] = import_module(f"angarium_{service}.settings").Settings
    return model

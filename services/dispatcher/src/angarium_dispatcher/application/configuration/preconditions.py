"""Conditions on the version of the object that a command changes."""

from datetime import datetime
from typing import Protocol

from angarium_contracts.configuration import ANY_VERSION, Precondition, version_of

from angarium_dispatcher.domain.refusals import VersionDiffers


class Saved(Protocol):
    """An object that was saved at some time."""

    @property
    def updated_at(self) -> datetime: ...


def check_precondition(precondition: Precondition | None, found: Saved | None) -> None:
    """Raise `VersionDiffers` unless the condition holds of the object that was found; None: there
    is none.

    Call it in the transaction that changes the object, after the object was found.
    """
    if precondition is None:
        return
    versions = set() if found is None else {ANY_VERSION, version_of(found.updated_at)}
    wanted, unwanted = precondition.if_match, precondition.if_none_match
    if (wanted is not None and not versions & set(wanted)) or versions & set(unwanted or ()):
        raise VersionDiffers

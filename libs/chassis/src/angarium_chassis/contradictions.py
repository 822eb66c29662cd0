"""Settings that contradict each other."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from .known_settings import ENV_PREFIX


class Declared(Protocol):
    """Settings whose classes declare which go together.

    `needs` maps a setting to the one without which it has no effect; `at_most` a setting to the
    one that bounds it, where both are given.
    """

    needs: ClassVar[Mapping[str, str]]
    at_most: ClassVar[Mapping[str, str]]

    @property
    def model_fields_set(self) -> set[str]:
        """The settings that were given, and are not defaults."""


def contradictions(settings: Declared) -> Iterator[str]:
    """A sentence for each contradiction, without values."""
    given = {name for name in settings.model_fields_set if getattr(settings, name)}
    for name, needed in _declared(settings, "needs").items():
        if name in given and not getattr(settings, needed):
            yield (
                f"{_variable(name)} has no effect without {_variable(needed)}; set that too, or"
                " unset it"
            )
    for name, bound in _declared(settings, "at_most").items():
        if {name, bound} <= given and getattr(settings, name) > getattr(settings, bound):
            yield f"{_variable(name)} must not be larger than {_variable(bound)}"


def _declared(settings: Declared, attribute: str) -> dict[str, str]:
    """The declarations of all classes of the settings."""
    found: dict[str, Any] = {}
    for each in type(settings).__mro__:
        found |= vars(each).get(attribute, {})
    return found


def _variable(name: str) -> str:
    return ENV_PREFIX + name.upper()

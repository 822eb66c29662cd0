"""The position of an export: in the applications, then the sources, then the streams."""

from dataclasses import dataclass
from typing import Final

from angarium_contracts.application_kinds import ApplicationKind

_ORDER: Final = (ApplicationKind.APPLICATION, ApplicationKind.SOURCE, ApplicationKind.STREAM)


@dataclass(frozen=True, slots=True)
class ExportPosition:
    """The next object is of this kind, after the iterator of its list; None: the first one."""

    kind: ApplicationKind = ApplicationKind.APPLICATION
    iterator: str | None = None

    def text(self) -> str | None:
        """The position as clients see it: an iterator of applications has no prefix."""
        if self.kind is ApplicationKind.APPLICATION:
            return self.iterator
        return f"{self.kind}:{self.iterator or ''}"

    def following(self, iterator: str | None, *, done: bool) -> "ExportPosition | None":
        """The position after a page of the list that ends with `iterator`. `done`: the list ends
        there. None: the export does, too."""
        if not done:
            return ExportPosition(self.kind, iterator)
        rest = _ORDER[_ORDER.index(self.kind) + 1 :]
        return ExportPosition(rest[0]) if rest else None


def position_of(text: str | None) -> ExportPosition:
    """The position that `ExportPosition.text` returned as this text."""
    kind, colon, iterator = (text or "").partition(":")
    if colon and kind in _ORDER[1:]:
        return ExportPosition(ApplicationKind(kind), iterator or None)
    return ExportPosition(iterator=text)

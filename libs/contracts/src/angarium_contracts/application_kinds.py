"""Kinds of applications: what owns endpoints and receives messages.

An ordinary application receives the messages that its tenant posts, a source what other senders
post to a URL of its own, and a stream events in batches. To everything that follows the acceptance
of a message they are the same. An id names one object of whatever kind; a uid is unique among the
objects of a kind.
"""

from enum import StrEnum, unique
from typing import Final

from .ids import APPLICATION, SOURCE, STREAM, parse_id


@unique
class ApplicationKind(StrEnum):
    """The kinds."""

    APPLICATION = "application"
    SOURCE = "source"
    STREAM = "stream"


ID_PREFIXES: Final = {
    ApplicationKind.APPLICATION: APPLICATION,
    ApplicationKind.SOURCE: SOURCE,
    ApplicationKind.STREAM: STREAM,
}
"""The prefix under which the id of an object of each kind is shown."""


def application_id_of(text: str) -> bytes | None:
    """Read an id of an application of any kind, under the prefix of any kind; None for any other
    text. Audit entries, events and receipts have the prefix of ordinary applications."""
    for prefix in ID_PREFIXES.values():
        found = parse_id(prefix, text)
        if found is not None:
            return found
    return None

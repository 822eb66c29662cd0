"""Keyset paging: opaque iterators, and cutting a page out of the rows that were read."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .refusals import InvalidField

LIMIT_MAX = 250
ITERATOR_CHARS_MAX = 512


@dataclass(frozen=True, slots=True)
class ListKind:
    """A kind of list and the form of its keys. An iterator of one kind is invalid for
    another."""

    code: bytes
    key: re.Pattern[bytes]


_ID = re.compile(rb"(?s).{16}")
APPLICATIONS = ListKind(b"a", _ID)
ENDPOINTS = ListKind(b"e", _ID)
EVENT_TYPES = ListKind(b"t", re.compile(rb"[\x21-\x7e]{1,256}"))


@dataclass(frozen=True, slots=True)
class Position:
    """The key after which a page begins, or with `backwards`, before which it ends."""

    key: bytes
    backwards: bool


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for at most `limit` items, in ascending or descending order of keys."""

    kind: ListKind
    limit: int
    position: Position | None
    descending: bool

    @property
    def reads_descending(self) -> bool:
        """Order in which rows are read: the one that leads away from the position."""
        backwards = self.position is not None and self.position.backwards
        return self.descending != backwards


@dataclass(frozen=True, slots=True)
class PageOf[T]:
    """A page. `done`: there are no more items in the direction in which it was read."""

    items: tuple[T, ...]
    done: bool
    iterator: str | None
    prev_iterator: str | None


def page_request(
    kind: ListKind, *, limit: int, iterator: str | None, descending: bool
) -> PageRequest:
    """Validate a list's parameters. Raises `InvalidField` for `limit` or `iterator`."""
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidField("limit", f"`limit` must be from 1 to {LIMIT_MAX}.")
    position = None if iterator is None else read_iterator(kind, iterator)
    return PageRequest(kind, limit, position, descending)


def cut_page[T](request: PageRequest, rows: Sequence[T], key_of: Callable[[T], bytes]) -> PageOf[T]:
    """Cut the page out of `rows`: at most `limit` + 1, read in `reads_descending` order.

    An empty page returns the iterator of the request, so that a client can go on polling.
    """
    items = list(rows[: request.limit])
    position = request.position
    if position is not None and position.backwards:
        items.reverse()
    if items:
        following: Position | None = Position(key_of(items[-1]), backwards=False)
        preceding: Position | None = Position(key_of(items[0]), backwards=True)
    elif position is None:
        following = preceding = None
    else:
        following = None if position.backwards else position
        preceding = position if position.backwards else None
    return PageOf(
        items=tuple(items),
        done=len(rows) <= request.limit,
        iterator=_write(request.kind, following),
        prev_iterator=_write(request.kind, preceding),
    )


def read_iterator(kind: ListKind, text: str) -> Position:
    """Parse an iterator. Raises `InvalidField`."""
    backwards = text.startswith("-")
    encoded = text[1:] if backwards else text
    if encoded.startswith("it_") and len(encoded) <= ITERATOR_CHARS_MAX:
        encoded = encoded[3:]
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if raw[:1] == kind.code and kind.key.fullmatch(raw[1:]):
            return Position(raw[1:], backwards)
    raise InvalidField(
        "iterator", "Give the iterator as an earlier answer of this list gave it, or leave it out."
    )


def _write(kind: ListKind, position: Position | None) -> str | None:
    if position is None:
        return None
    encoded = base64.urlsafe_b64encode(kind.code + position.key).rstrip(b"=").decode()
    return f"{'-' if position.backwards else ''}it_{encoded}"

"""Lists that go by ids: their iterators are ids."""

from collections.abc import Callable
from typing import Protocol

from angarium_contracts.ids import format_id, parse_id

from angarium_gateway.application.read.id_window import IdPage, IdWindow

from .problems import Fault, Refused, invalid
from .schemas.lists import ListResponse

BACKWARDS = "-"
"""Before an iterator: the page before it."""


class Identified(Protocol):
    """An item of such a list."""

    @property
    def id(self) -> bytes: ...


def window_of(prefix: str, limit: int, iterator: str | None, *, descending: bool) -> IdWindow:
    """The part that a request asks for; ids have this prefix. Raises `Refused` (422)."""
    if iterator is None:
        return IdWindow(limit, descending=descending)
    past = parse_id(prefix, iterator.removeprefix(BACKWARDS))
    if past is None:
        message = (
            "This is no iterator of this list. Pass one from an earlier page, or leave it out."
        )
        raise Refused(invalid(Fault(("query", "iterator"), message)))
    backwards = iterator.startswith(BACKWARDS)
    return IdWindow(limit, past, backwards=backwards, descending=descending)


def list_response[T: Identified, Out](
    prefix: str, page: IdPage[T], window: IdWindow, out: Callable[[T], Out]
) -> ListResponse[Out]:
    """The page as clients see it. An empty one is gone on from where it was asked for."""
    first, last = (page.items[0].id, page.items[-1].id) if page.items else (window.past,) * 2
    return ListResponse(
        data=[out(item) for item in page.items],
        iterator=None if last is None else format_id(prefix, last),
        prev_iterator=None if first is None else BACKWARDS + format_id(prefix, first),
        done=page.done,
    )

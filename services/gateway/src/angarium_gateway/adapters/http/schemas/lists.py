"""A page of a list."""

from .fields import ApiSchema


class ListResponse[T](ApiSchema, frozen=True, kw_only=True):
    """A page of a list.

    Pass `iterator` to read the next page, `prevIterator` to read the one before. When `done` is
    true, no items follow.
    """

    data: list[T]
    iterator: str | None
    prev_iterator: str | None
    done: bool

"""A page of a list."""

from .fields import ApiSchema


class ListResponse[T](ApiSchema, frozen=True, kw_only=True):
    """`iterator` gives the next page, `prevIterator` the one before; `done`: none follows."""

    data: list[T]
    iterator: str | None
    prev_iterator: str | None
    done: bool

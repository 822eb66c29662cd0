"""Pages of lists that are ordered by id, on either engine."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select

from angarium_gateway.application.read.id_window import IdPage, IdWindow


def windowed(query: Select[Any], at: ColumnElement[bytes], window: IdWindow) -> Select[Any]:
    """A query for the rows of the window by the id column `at`, and for one more row."""
    if window.past is not None:
        query = query.where(at < window.past if window.falling else at > window.past)
    return query.order_by(at.desc() if window.falling else at).limit(window.limit + 1)


def page_of[T](
    rows: Sequence[Row[Any]], window: IdWindow, item_of: Callable[[Row[Any]], T]
) -> IdPage[T]:
    """The page of the rows that a `windowed` query found."""
    items = [item_of(row) for row in rows[: window.limit]]
    return IdPage(items[::-1] if window.backwards else items, done=len(rows) <= window.limit)

"""Reads the messages of an application or a tenant in the order in which they were accepted."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_contracts.ids import operational_application_id
from sqlalchemy import ColumnElement, Select, select, true

from angarium_gateway.application.feed.feed_events import AcceptedMessage, FeedScope

from .failures import journal_failures
from .message_filters import message_columns
from .message_queries import message_of_row
from .tables import application_copy, message


class MessageFeed:
    """Implements `FollowedMessages`. Of a tenant, the messages of each application are read through
    the journal's primary key, and merged: one index search for each application."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine.execution_options(read_only=True)
        self._on_postgres = database.on_postgres

    async def follow(
        self, scope: FeedScope, after: bytes, rows_max: int
    ) -> Sequence[AcceptedMessage]:
        """See the port."""
        where = [message.c.id > after]
        if scope.event_types is not None:
            where.append(message.c.event_type.in_(scope.event_types))
        query = self._query(scope, where, rows_max).limit(rows_max)
        with journal_failures():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [AcceptedMessage(row.application_id, message_of_row(row)) for row in rows]

    def _query(
        self, scope: FeedScope, where: list[ColumnElement[bool]], rows_max: int
    ) -> Select[Any]:
        columns = [message.c.application_id, *message_columns(message, with_content=False)]
        found = select(*columns).where(*where).order_by(message.c.id)
        if scope.application_id is not None:
            return found.where(message.c.application_id == scope.application_id)
        of_tenant = (
            application_copy.c.tenant_id == scope.tenant_id,
            application_copy.c.id != operational_application_id(scope.tenant_id),
        )
        if not self._on_postgres:
            within = select(application_copy.c.id).where(*of_tenant)
            return found.where(message.c.application_id.in_(within))
        each = found.where(message.c.application_id == application_copy.c.id)
        merged = each.limit(rows_max).lateral("each")
        joined = application_copy.join(merged, true())
        return select(*merged.c).select_from(joined).where(*of_tenant).order_by(merged.c.id)

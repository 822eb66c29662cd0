"""Tools that deliver again. They exist only if the server was started with --allow-writes."""

from typing import Annotated

from pydantic import Field

from angarium_cli.client.session import path_of
from angarium_cli.redelivery.redeliver import start

from .access import OpenSession, ToolContext
from .reading import Answer, App, Endpoint, EventTypes, Kind, ReplaySince, Until, redelivery


class WritingTools:
    """Resends a message, and starts replays."""

    def __init__(self, opened: OpenSession) -> None:
        self._opened = opened

    def start_replay(
        self,
        context: ToolContext,
        endpoint: Endpoint,
        kind: Kind,
        since: ReplaySince,
        until: Until = None,
        event_types: EventTypes = None,
        app: App = None,
    ) -> Answer:
        """Deliver messages again to an endpoint, in the background. Preview it first; follow it
        with get_task."""
        request = redelivery(kind, since, until, event_types)
        with self._opened(context) as session:
            parts = {"app": session.application(app), "endpoint": endpoint}
            return start(session, parts, request)

    def resend_message(
        self,
        context: ToolContext,
        message: Annotated[str, Field(description="Id or eventId of the message.")],
        endpoint: Endpoint,
        app: App = None,
    ) -> Answer:
        """Deliver one message to one endpoint once more."""
        with self._opened(context) as session:
            path = path_of(
                "/api/v1/app/{app}/msg/{message}/endpoint/{endpoint}/resend",
                app=session.application(app),
                message=message,
                endpoint=endpoint,
            )
            session.api.send("POST", path)
        return {"resent": message, "endpoint": endpoint}

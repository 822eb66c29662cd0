"""Every answer to a request that was to change something is on record before it leaves."""

from typing import Final
from urllib.parse import quote

from angarium_chassis.http_server.trusted_proxies import TrustedProxies
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import Message, Scope

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.record_change import RecordChange

from .idempotent_posts import REPLAYED
from .noted_changes import take_noted_change

UNAUDITED: Final = "unaudited"
"""Option of the routes whose requests are not recorded."""
AUDITED_READING: Final = "audited_reading"
"""Option of the routes that read what operators see rarely: their requests are recorded, too."""

_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PLAIN_IN_PATHS: Final = "/:@!$&'()*+,;=~"
"""Characters that a path may have unescaped (RFC 3986, section 3.3)."""


class AuditedChanges:
    """Litestar's hook `before_send`: it sees what handlers answer, and what any layer refuses.

    Not recorded are requests without a valid API key, and the repeats of an answer that an
    Idempotency-Key gets: they did nothing, and have their entry.
    """

    def __init__(self, record: RecordChange, proxies: TrustedProxies) -> None:
        self._record = record
        self._proxies = proxies

    async def __call__(self, message: Message, scope: Scope) -> None:
        """Record the request once its answer begins."""
        if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
            return
        caller, handler = scope.get("user"), scope.get("route_handler")
        if not isinstance(caller, Caller) or not isinstance(handler, HTTPRouteHandler):
            return
        if scope["method"] not in _CHANGING and AUDITED_READING not in handler.opt:
            return
        if UNAUDITED in handler.opt or any(name == REPLAYED for name, _ in message["headers"]):
            return
        peer, noted = scope["client"], take_noted_change()
        await self._record(
            caller,
            operation=str(handler.operation_id),
            method=scope["method"],
            path=quote(scope["path"], safe=_PLAIN_IN_PATHS),
            status=message["status"],
            address=self._proxies.client_host(peer[0], scope["headers"]) if peer else None,
            before=noted.before,
            after=noted.after,
        )

"""The permission that each operation needs.

The API does not start with an operation that is not listed, so a new one cannot be open to
everybody by oversight.
"""

from collections.abc import Mapping
from typing import Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from angarium_gateway.domain.permissions import APPLICATION_PERMISSIONS, Permission

PUBLIC: Final = "exclude_from_auth"
"""Option of the routes that need no identity."""

NEEDS: Final[Mapping[str, Permission]] = {
    "v1.application.list": Permission.READ_TENANT,
    "v1.application.create": Permission.MANAGE_TENANT,
    "v1.application.get": Permission.READ_APPLICATION,
    "v1.application.update": Permission.MANAGE_TENANT,
    "patch_application": Permission.MANAGE_TENANT,
    "v1.application.delete": Permission.MANAGE_TENANT,
    "v1.endpoint.list": Permission.READ_APPLICATION,
    "v1.endpoint.create": Permission.MANAGE_ENDPOINTS,
    "v1.endpoint.get": Permission.READ_APPLICATION,
    "v1.endpoint.update": Permission.MANAGE_ENDPOINTS,
    "patch_endpoint": Permission.MANAGE_ENDPOINTS,
    "v1.endpoint.delete": Permission.MANAGE_ENDPOINTS,
    "v1.endpoint.get-headers": Permission.READ_HEADERS,
    "v1.endpoint.update-headers": Permission.MANAGE_ENDPOINTS,
    "v1.endpoint.patch-headers": Permission.MANAGE_ENDPOINTS,
    "v1.endpoint.get-secret": Permission.READ_SECRETS,
    "v1.endpoint.rotate-secret": Permission.MANAGE_SECRETS,
    "v1.endpoint.get-stats": Permission.READ_APPLICATION,
    "v1.endpoint.get-delivery-state": Permission.READ_APPLICATION,
    "v1.endpoint.cancel-pending": Permission.MANAGE_ENDPOINTS,
    "v1.endpoint.recover": Permission.CREATE_ATTEMPTS,
    "v1.endpoint.replay-missing": Permission.CREATE_ATTEMPTS,
    "v1.endpoint.bulk-replay": Permission.CREATE_ATTEMPTS,
    "v1.endpoint.send-example": Permission.CREATE_ATTEMPTS,
    "v1.destination.list": Permission.READ_HEADERS,
    "v1.destination.create": Permission.MANAGE_ENDPOINTS,
    "v1.destination.get": Permission.READ_HEADERS,
    "v1.destination.update": Permission.MANAGE_ENDPOINTS,
    "v1.destination.patch": Permission.MANAGE_ENDPOINTS,
    "v1.destination.delete": Permission.MANAGE_ENDPOINTS,
    "v1.destination.rotate-secret": Permission.MANAGE_SECRETS,
    "v1.endpoint.preview-redelivery": Permission.CREATE_ATTEMPTS,
    "v1.event-type.list": Permission.READ_EVENT_TYPES,
    "v1.event-type.create": Permission.MANAGE_TENANT,
    "v1.event-type.get": Permission.READ_EVENT_TYPES,
    "v1.event-type.update": Permission.MANAGE_TENANT,
    "patch_event_type": Permission.MANAGE_TENANT,
    "v1.event-type.delete": Permission.MANAGE_TENANT,
    "v1.event-type.import-openapi": Permission.MANAGE_TENANT,
    "v1.event-type.export-openapi": Permission.READ_TENANT,
    "v1.event-type.export-asyncapi": Permission.READ_TENANT,
    "v1.message.list": Permission.READ_APPLICATION,
    "v1.message.create": Permission.PUBLISH,
    "v1.message.create-batch": Permission.PUBLISH,
    "v1.message.create-batch-across": Permission.PUBLISH,
    "v1.message.precheck": Permission.PUBLISH,
    "v1.message.get": Permission.READ_APPLICATION,
    "v1.message.cancel": Permission.MANAGE_MESSAGES,
    "v1.message.expunge-content": Permission.MANAGE_MESSAGES,
    "v1.message-attempt.expunge-content": Permission.MANAGE_MESSAGES,
    "v1.message-attempt.list-by-msg": Permission.READ_APPLICATION,
    "v1.message-attempt.list-by-endpoint": Permission.READ_APPLICATION,
    "v1.message-attempt.get": Permission.READ_APPLICATION,
    "v1.message-attempt.get-headers": Permission.READ_HEADERS,
    "v1.message-attempt.list-attempted-destinations": Permission.READ_APPLICATION,
    "v1.message-attempt.list-attempted-messages": Permission.READ_APPLICATION,
    "v1.message-attempt.resend": Permission.CREATE_ATTEMPTS,
    "v1.message-attempt.cancel": Permission.MANAGE_ENDPOINTS,
    "v1.operational-webhook.endpoint.list": Permission.READ_TENANT,
    "v1.operational-webhook.endpoint.create": Permission.MANAGE_TENANT,
    "v1.operational-webhook.endpoint.get": Permission.READ_TENANT,
    "v1.operational-webhook.endpoint.update": Permission.MANAGE_TENANT,
    "v1.operational-webhook.endpoint.delete": Permission.MANAGE_TENANT,
    "v1.operational-webhook.endpoint.get-headers": Permission.READ_TENANT,
    "v1.operational-webhook.endpoint.update-headers": Permission.MANAGE_TENANT,
    "v1.operational-webhook.endpoint.get-secret": Permission.MANAGE_TENANT,
    "v1.operational-webhook.endpoint.rotate-secret": Permission.MANAGE_TENANT,
    "v1.ingest.source.list": Permission.READ_TENANT,
    "v1.ingest.source.create": Permission.MANAGE_TENANT,
    "v1.ingest.source.get": Permission.READ_TENANT,
    "v1.ingest.source.update": Permission.MANAGE_TENANT,
    "v1.ingest.source.delete": Permission.MANAGE_TENANT,
    "v1.ingest.source.rotate-token": Permission.MANAGE_TENANT,
    "v1.ingest.authentication.consumer-portal-access": Permission.MANAGE_TENANT,
    "v1.ingest.endpoint.list": Permission.READ_TENANT,
    "v1.ingest.endpoint.create": Permission.MANAGE_TENANT,
    "v1.ingest.endpoint.get": Permission.READ_TENANT,
    "v1.ingest.endpoint.update": Permission.MANAGE_TENANT,
    "v1.ingest.endpoint.delete": Permission.MANAGE_TENANT,
    "v1.ingest.endpoint.get-headers": Permission.READ_TENANT,
    "v1.ingest.endpoint.update-headers": Permission.MANAGE_TENANT,
    "v1.ingest.endpoint.get-secret": Permission.MANAGE_TENANT,
    "v1.ingest.endpoint.rotate-secret": Permission.MANAGE_TENANT,
    "v1.streaming.stream.list": Permission.READ_TENANT,
    "v1.streaming.stream.create": Permission.MANAGE_TENANT,
    "v1.streaming.stream.get": Permission.READ_APPLICATION,
    "v1.streaming.stream.update": Permission.MANAGE_TENANT,
    "v1.streaming.stream.patch": Permission.MANAGE_TENANT,
    "v1.streaming.stream.delete": Permission.MANAGE_TENANT,
    "v1.streaming.events.create": Permission.PUBLISH,
    "v1.streaming.events.get": Permission.READ_APPLICATION,
    "v1.streaming.sink.list": Permission.READ_HEADERS,
    "v1.streaming.sink.create": Permission.MANAGE_ENDPOINTS,
    "v1.streaming.sink.get": Permission.READ_HEADERS,
    "v1.streaming.sink.update": Permission.MANAGE_ENDPOINTS,
    "v1.streaming.sink.patch": Permission.MANAGE_ENDPOINTS,
    "v1.streaming.sink.delete": Permission.MANAGE_ENDPOINTS,
    "v1.streaming.sink-headers-get": Permission.READ_HEADERS,
    "v1.streaming.sink-headers-patch": Permission.MANAGE_ENDPOINTS,
    "v1.streaming.sink.get-secret": Permission.READ_SECRETS,
    "v1.streaming.sink.rotate-secret": Permission.MANAGE_SECRETS,
    "v1.streaming.event-type.list": Permission.READ_EVENT_TYPES,
    "v1.streaming.event-type.create": Permission.MANAGE_TENANT,
    "v1.streaming.event-type.get": Permission.READ_TENANT,
    "v1.streaming.event-type.update": Permission.MANAGE_TENANT,
    "v1.streaming.event-type.patch": Permission.MANAGE_TENANT,
    "v1.streaming.event-type.delete": Permission.MANAGE_TENANT,
    "v1.authentication.stream-portal-access": Permission.MANAGE_TENANT,
    "v1.authentication.stream-logout": Permission.LOG_OUT,
    "v1.authentication.stream-expire-all": Permission.MANAGE_TENANT,
    "v1.background-task.list": Permission.READ_TASKS,
    "v1.background-task.get": Permission.READ_TASKS,
    "v1.background-task.cancel": Permission.MANAGE_TASKS,
    "v1.tenant.get-policy": Permission.READ_TENANT,
    "v1.tenant.update-policy": Permission.MANAGE_TENANT,
    "v1.environment.export": Permission.MANAGE_TENANT,
    "v1.environment.import": Permission.MANAGE_TENANT,
    "v1.integration.list": Permission.MANAGE_KEYS,
    "v1.integration.create": Permission.MANAGE_KEYS,
    "v1.integration.get": Permission.MANAGE_KEYS,
    "v1.integration.update": Permission.MANAGE_KEYS,
    "v1.integration.delete": Permission.MANAGE_KEYS,
    "v1.integration.rotate-key": Permission.MANAGE_KEYS,
    "v1.audit-log.list": Permission.READ_TENANT,
    "v1.authentication.app-portal-access": Permission.MANAGE_TENANT,
    "v1.authentication.dashboard-access": Permission.MANAGE_TENANT,
    "v1.authentication.expire-all": Permission.MANAGE_TENANT,
    "v1.authentication.logout": Permission.LOG_OUT,
    "v1.authentication.whoami": Permission.IDENTIFY,
    "v1.admin.tenant.create": Permission.MANAGE_PLATFORM,
    "v1.admin.tenant.list": Permission.MANAGE_PLATFORM,
    "v1.admin.tenant.get": Permission.MANAGE_PLATFORM,
    "v1.admin.tenant.patch": Permission.MANAGE_PLATFORM,
    "v1.admin.tenant.delete": Permission.MANAGE_PLATFORM,
    "v1.admin.tenant.create-api-key": Permission.MANAGE_PLATFORM,
    "v1.platform.get": Permission.READ_PLATFORM,
    "v1.platform.list-findings": Permission.READ_PLATFORM,
    "v1.quarantine.list": Permission.READ_PLATFORM,
    "v1.quarantine.get": Permission.READ_PLATFORM,
    "v1.quarantine.get-bytes": Permission.MANAGE_QUARANTINE,
    "v1.quarantine.replay": Permission.MANAGE_QUARANTINE,
    "v1.quarantine.drop": Permission.MANAGE_QUARANTINE,
    "v1.quarantine.list-set-aside-batches": Permission.READ_PLATFORM,
    "v1.api-key.create": Permission.MANAGE_KEYS,
    "v1.api-key.list": Permission.MANAGE_KEYS,
    "v1.api-key.get": Permission.MANAGE_KEYS,
    "v1.api-key.revoke": Permission.MANAGE_KEYS,
    "v1.event-stream.application": Permission.READ_APPLICATION,
    "v1.event-stream.tenant": Permission.READ_TENANT,
    "v1.endpoint.test-filter": Permission.READ_APPLICATION,
    "v1.endpoint.check-url": Permission.MANAGE_ENDPOINTS,
    "v1.event-type-schema.test": Permission.READ_TENANT,
    "v1.statistics.endpoint-sparklines": Permission.READ_APPLICATION,
    "v1.endpoint-filter.test": Permission.READ_TENANT,
    "v1.message.poller.poll": Permission.READ_APPLICATION,
    "v1.message.poller.consumer-poll": Permission.READ_APPLICATION,
    "v1.message.poller.consumer-seek": Permission.CREATE_ATTEMPTS,
    "v1.message.poller.list-consumers": Permission.READ_APPLICATION,
    "v1.message.poller.delete-consumer": Permission.MANAGE_ENDPOINTS,
    "v1.search.messages-of-application": Permission.READ_APPLICATION,
    "v1.search.messages": Permission.READ_TENANT,
    "v1.search.attempts-of-application": Permission.READ_APPLICATION,
    "v1.search.attempts": Permission.READ_TENANT,
    "v1.message.get-raw-payload": Permission.READ_APPLICATION,
    "v1.statistics.series": Permission.READ_TENANT,
    "v1.statistics.unhealthy-endpoints": Permission.READ_TENANT,
    "v1.statistics.backlog": Permission.READ_TENANT,
    "v1.statistics.aggregate-app-stats": Permission.READ_TENANT,
    "v1.statistics.aggregate-event-types": Permission.READ_TENANT,
    "v1.statistics.application-series": Permission.READ_APPLICATION,
    "v1.endpoint.get-attempt-stats": Permission.READ_APPLICATION,
    "v1.message.bulk-expunge-content": Permission.MANAGE_MESSAGES,
    "v1.message.expunge-all-contents": Permission.MANAGE_MESSAGES,
    "v1.erasure.create-in-application": Permission.MANAGE_MESSAGES,
    "v1.erasure.create": Permission.MANAGE_TENANT,
    "v1.erasure.verify-receipt": Permission.READ_TENANT,
    "v1.legal-hold.get": Permission.READ_TENANT,
    "v1.legal-hold.place": Permission.MANAGE_TENANT,
    "v1.legal-hold.lift": Permission.MANAGE_TENANT,
    "v1.application.get-legal-hold": Permission.READ_TENANT,
    "v1.application.place-legal-hold": Permission.MANAGE_TENANT,
    "v1.application.lift-legal-hold": Permission.MANAGE_TENANT,
}


EACH_ITEM: Final = frozenset({"v1.message.create-batch-across"})
"""Operations whose bodies name applications. Their handlers authorize the caller for each."""


class NeedUndeclared(Exception):
    """An operation is not in the table, or is there with a need that its path does not fit."""


def require_needs(api: Litestar) -> None:
    """Check that every operation is public or in the table. Raises `NeedUndeclared`."""
    for route in api.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}:
                _require_need(handler, route.path)


def need_of(handler: HTTPRouteHandler) -> Permission:
    """The permission that an operation needs. Raises KeyError if it has none."""
    return NEEDS[str(handler.operation_id)]


def _require_need(handler: HTTPRouteHandler, path: str) -> None:
    if handler.opt.get(PUBLIC):
        return
    needed = NEEDS.get(str(handler.operation_id))
    if needed is None:
        raise NeedUndeclared(
            f"{handler.operation_id} ({path}) does not declare what it needs; add it to NEEDS in"
            f" {__name__}, or mark it public"
        )
    of_application = needed in APPLICATION_PERMISSIONS and handler.operation_id not in EACH_ITEM
    if of_application and "{app_id" not in path and "{stream_id" not in path:
        raise NeedUndeclared(
            f"{handler.operation_id} ({path}) needs {needed}, which callers have for one"
            " application only, but its path names none"
        )

"""How the official Svix SDKs call each operation that they know."""

from typing import Final, NamedTuple


class SdkCall(NamedTuple):
    """A method of the Python SDK's client, the model of its body, and a name for its result."""

    method: str
    body: str | None = None
    result: str | None = None


SDK_CALLS: Final = {
    "v1.application.list": SdkCall("application.list", result="page"),
    "v1.application.create": SdkCall("application.create", "ApplicationIn", "application"),
    "v1.application.get": SdkCall("application.get", result="application"),
    "v1.application.update": SdkCall("application.upsert", "ApplicationIn", "application"),
    "patch_application": SdkCall("application.patch", "ApplicationPatch", "application"),
    "v1.application.delete": SdkCall("application.delete"),
    "v1.endpoint.list": SdkCall("endpoint.list", result="page"),
    "v1.endpoint.create": SdkCall("endpoint.create", "EndpointIn", "endpoint"),
    "v1.endpoint.get": SdkCall("endpoint.get", result="endpoint"),
    "v1.endpoint.update": SdkCall("endpoint.upsert", "EndpointUpsertIn", "endpoint"),
    "patch_endpoint": SdkCall("endpoint.patch", "EndpointPatch", "endpoint"),
    "v1.endpoint.delete": SdkCall("endpoint.delete"),
    "v1.endpoint.get-headers": SdkCall("endpoint.get_headers", result="headers"),
    "v1.endpoint.update-headers": SdkCall("endpoint.set_headers", "EndpointHeadersIn"),
    "v1.endpoint.patch-headers": SdkCall("endpoint.patch_headers", "EndpointHeadersPatchIn"),
    "v1.endpoint.get-secret": SdkCall("endpoint.get_secret", result="secret"),
    "v1.endpoint.rotate-secret": SdkCall(
        "endpoint.rotate_secret", "EndpointSecretRotateIn", "secret"
    ),
    "v1.destination.list": SdkCall("destination.list", result="page"),
    "v1.destination.create": SdkCall("destination.create", "DestinationIn", "destination"),
    "v1.destination.get": SdkCall("destination.get", result="destination"),
    "v1.destination.update": SdkCall("destination.upsert", "DestinationIn", "destination"),
    "v1.destination.patch": SdkCall("destination.patch", "DestinationPatch", "destination"),
    "v1.destination.delete": SdkCall("destination.delete"),
    "v1.destination.rotate-secret": SdkCall(
        "destination.rotate_secret", "EndpointSecretRotateIn", "secret"
    ),
    "v1.endpoint.send-example": SdkCall("endpoint.send_example", "EventExampleIn", "message"),
    "v1.endpoint.recover": SdkCall("endpoint.recover", "RecoverIn", "task"),
    "v1.endpoint.replay-missing": SdkCall("endpoint.replay_missing", "ReplayIn", "task"),
    "v1.endpoint.bulk-replay": SdkCall("endpoint.bulk_replay", "BulkReplayIn", "task"),
    "v1.endpoint.get-stats": SdkCall("endpoint.get_stats", result="stats"),
    "v1.endpoint.get-attempt-stats": SdkCall("endpoint.get_attempt_stats", result="stats"),
    "v1.statistics.aggregate-app-stats": SdkCall(
        "statistics.aggregate_app_stats", "AppUsageStatsIn", "task"
    ),
    "v1.statistics.aggregate-event-types": SdkCall(
        "statistics.aggregate_event_types", result="task"
    ),
    "v1.event-type.list": SdkCall("event_type.list", result="page"),
    "v1.event-type.create": SdkCall("event_type.create", "EventTypeIn", "event_type"),
    "v1.event-type.get": SdkCall("event_type.get", result="event_type"),
    "v1.event-type.update": SdkCall("event_type.upsert", "EventTypeUpsertIn", "event_type"),
    "patch_event_type": SdkCall("event_type.patch", "EventTypePatch", "event_type"),
    "v1.event-type.delete": SdkCall("event_type.delete"),
    "v1.event-type.import-openapi": SdkCall(
        "event_type.import_openapi", "EventTypeImportOpenApiIn", "imported"
    ),
    "v1.message.list": SdkCall("message.list", result="page"),
    "v1.message.create": SdkCall("message.create", "MessageIn", "message"),
    "v1.message.precheck": SdkCall("message.precheck", "MessagePrecheckIn", "precheck"),
    "v1.message.get": SdkCall("message.get", result="message"),
    "v1.message.expunge-content": SdkCall("message.expunge_content"),
    "v1.message.bulk-expunge-content": SdkCall(
        "message.bulk_expunge_content", "BulkExpungeContentsIn", "expunged"
    ),
    "v1.message.expunge-all-contents": SdkCall("message.expunge_all_contents", result="task"),
    "v1.message-attempt.list-by-msg": SdkCall("message_attempt.list_by_msg", result="page"),
    "v1.message-attempt.list-by-endpoint": SdkCall(
        "message_attempt.list_by_endpoint", result="page"
    ),
    "v1.message-attempt.get": SdkCall("message_attempt.get", result="attempt"),
    "v1.message-attempt.list-attempted-destinations": SdkCall(
        "message_attempt.list_attempted_destinations", result="page"
    ),
    "v1.message-attempt.list-attempted-messages": SdkCall(
        "message_attempt.list_attempted_messages", result="page"
    ),
    "v1.message-attempt.resend": SdkCall("message_attempt.resend"),
    "v1.message-attempt.expunge-content": SdkCall("message_attempt.expunge_content"),
    "v1.operational-webhook.endpoint.list": SdkCall(
        "operational_webhook.endpoint.list", result="page"
    ),
    "v1.operational-webhook.endpoint.create": SdkCall(
        "operational_webhook.endpoint.create", "OperationalWebhookEndpointIn", "endpoint"
    ),
    "v1.operational-webhook.endpoint.get": SdkCall(
        "operational_webhook.endpoint.get", result="endpoint"
    ),
    "v1.operational-webhook.endpoint.update": SdkCall(
        "operational_webhook.endpoint.upsert", "OperationalWebhookEndpointUpsertIn", "endpoint"
    ),
    "v1.operational-webhook.endpoint.delete": SdkCall("operational_webhook.endpoint.delete"),
    "v1.operational-webhook.endpoint.get-headers": SdkCall(
        "operational_webhook.endpoint.get_headers", result="headers"
    ),
    "v1.operational-webhook.endpoint.update-headers": SdkCall(
        "operational_webhook.endpoint.set_headers", "OperationalWebhookEndpointHeadersIn"
    ),
    "v1.operational-webhook.endpoint.get-secret": SdkCall(
        "operational_webhook.endpoint.get_secret", result="secret"
    ),
    "v1.operational-webhook.endpoint.rotate-secret": SdkCall(
        "operational_webhook.endpoint.rotate_secret", "OperationalWebhookEndpointSecretIn"
    ),
    "v1.ingest.source.list": SdkCall("ingest.source.list", result="page"),
    "v1.ingest.source.create": SdkCall("ingest.source.create", "IngestSourceIn", result="source"),
    "v1.ingest.source.get": SdkCall("ingest.source.get", result="source"),
    "v1.ingest.source.update": SdkCall("ingest.source.upsert", "IngestSourceIn", result="source"),
    "v1.ingest.source.delete": SdkCall("ingest.source.delete"),
    "v1.ingest.source.rotate-token": SdkCall("ingest.source.rotate_token", result="rotated"),
    "v1.ingest.authentication.consumer-portal-access": SdkCall(
        "ingest.authentication.consumer_portal_access",
        "IngestSourceConsumerPortalAccessIn",
        result="access",
    ),
    "v1.ingest.endpoint.list": SdkCall("ingest.endpoint.list", result="page"),
    "v1.ingest.endpoint.create": SdkCall(
        "ingest.endpoint.create", "IngestEndpointIn", result="endpoint"
    ),
    "v1.ingest.endpoint.get": SdkCall("ingest.endpoint.get", result="endpoint"),
    "v1.ingest.endpoint.update": SdkCall(
        "ingest.endpoint.upsert", "IngestEndpointUpsertIn", result="endpoint"
    ),
    "v1.ingest.endpoint.delete": SdkCall("ingest.endpoint.delete"),
    "v1.ingest.endpoint.get-headers": SdkCall("ingest.endpoint.get_headers", result="headers"),
    "v1.ingest.endpoint.update-headers": SdkCall(
        "ingest.endpoint.set_headers", "IngestEndpointHeadersIn"
    ),
    "v1.ingest.endpoint.get-secret": SdkCall("ingest.endpoint.get_secret", result="secret"),
    "v1.ingest.endpoint.rotate-secret": SdkCall(
        "ingest.endpoint.rotate_secret", "IngestEndpointSecretIn"
    ),
    "v1.streaming.stream.list": SdkCall("streaming.stream.list", result="page"),
    "v1.streaming.stream.create": SdkCall("streaming.stream.create", "StreamIn", result="stream"),
    "v1.streaming.stream.get": SdkCall("streaming.stream.get", result="stream"),
    "v1.streaming.stream.update": SdkCall("streaming.stream.upsert", "StreamIn", result="stream"),
    "v1.streaming.stream.delete": SdkCall("streaming.stream.delete"),
    "v1.streaming.events.create": SdkCall("streaming.events.create", "CreateStreamEventsIn"),
    "v1.streaming.events.get": SdkCall("streaming.events.get", result="page"),
    "v1.streaming.sink.list": SdkCall("streaming.sink.list", result="page"),
    "v1.streaming.sink.create": SdkCall("streaming.sink.create", "StreamSinkIn", result="sink"),
    "v1.streaming.sink.get": SdkCall("streaming.sink.get", result="sink"),
    "v1.streaming.sink.update": SdkCall("streaming.sink.upsert", "StreamSinkIn", result="sink"),
    "v1.streaming.sink.patch": SdkCall("streaming.sink.patch", "StreamSinkPatch", result="sink"),
    "v1.streaming.sink.delete": SdkCall("streaming.sink.delete"),
    "v1.streaming.sink-headers-get": SdkCall("streaming.sink_headers_get", result="headers"),
    "v1.streaming.sink-headers-patch": SdkCall(
        "streaming.sink_headers_patch", "HttpSinkHeadersPatchIn", result="headers"
    ),
    "v1.streaming.sink.get-secret": SdkCall("streaming.sink.get_secret", result="secret"),
    "v1.streaming.sink.rotate-secret": SdkCall(
        "streaming.sink.rotate_secret", "EndpointSecretRotateIn", result="secret"
    ),
    "v1.streaming.event-type.list": SdkCall("streaming.event_type.list", result="page"),
    "v1.streaming.event-type.create": SdkCall(
        "streaming.event_type.create", "StreamEventTypeIn", result="event_type"
    ),
    "v1.streaming.event-type.get": SdkCall("streaming.event_type.get", result="event_type"),
    "v1.streaming.event-type.update": SdkCall(
        "streaming.event_type.upsert", "StreamEventTypeIn", result="event_type"
    ),
    "v1.streaming.event-type.patch": SdkCall(
        "streaming.event_type.patch", "StreamEventTypePatch", result="event_type"
    ),
    "v1.streaming.event-type.delete": SdkCall("streaming.event_type.delete"),
    "v1.authentication.stream-portal-access": SdkCall(
        "authentication.stream_portal_access", "StreamPortalAccessIn", result="access"
    ),
    "v1.authentication.stream-logout": SdkCall("authentication.stream_logout"),
    "v1.authentication.stream-expire-all": SdkCall(
        "authentication.stream_expire_all", "StreamTokenExpireIn"
    ),
    "v1.streaming.stream.patch": SdkCall("streaming.stream.patch", "StreamPatch", result="stream"),
    "v1.environment.export": SdkCall("environment.export", result="environment"),
    "v1.environment.import": SdkCall("environment.import_", "EnvironmentIn"),
    "v1.background-task.list": SdkCall("background_task.list", result="page"),
    "v1.background-task.get": SdkCall("background_task.get", result="task"),
    "v1.authentication.app-portal-access": SdkCall(
        "authentication.app_portal_access", "AppPortalAccessIn", "access"
    ),
    "v1.authentication.logout": SdkCall("authentication.logout"),
    "v1.authentication.expire-all": SdkCall(
        "authentication.expire_all", "ApplicationTokenExpireIn"
    ),
    "v1.integration.list": SdkCall("integration.list", result="page"),
    "v1.integration.create": SdkCall("integration.create", "IntegrationIn", "integration"),
    "v1.integration.get": SdkCall("integration.get", result="integration"),
    "v1.integration.update": SdkCall("integration.update", "IntegrationUpdate", "integration"),
    "v1.integration.delete": SdkCall("integration.delete"),
    "v1.integration.rotate-key": SdkCall("integration.rotate_key", result="key"),
    "v1.health.get": SdkCall("health.get"),
    "v1.message.poller.poll": SdkCall("message.poller.poll", result="page"),
    "v1.message.poller.consumer-poll": SdkCall("message.poller.consumer_poll", result="page"),
    "v1.message.poller.consumer-seek": SdkCall(
        "message.poller.consumer_seek", "PollingEndpointConsumerSeekIn", "position"
    ),
}
"""By operation id. Operations that only Angarium has are called over HTTP."""

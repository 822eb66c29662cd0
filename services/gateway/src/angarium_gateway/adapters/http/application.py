"""The HTTP API: a Litestar application over the use cases and queries."""

from importlib.metadata import version

from litestar import Litestar, Router
from litestar.datastructures import ResponseHeader
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp

from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable

from .api_key_authentication import ApiKeyAuthentication
from .api_keys import ApiKeyController
from .applications import ApplicationController
from .attempts import AttemptController
from .audit_log import AuditLogController
from .audited_changes import AuditedChanges
from .background_tasks import BackgroundTaskController
from .cancellations import CancellationController
from .created_objects import CreatedObjects
from .deliveries import DeliveryController
from .dependencies import ApiDependencies, provide_caller
from .destinations import DestinationController
from .endpoint_delivery import EndpointDeliveryController
from .endpoint_filters import EndpointFilterController
from .endpoint_options import EndpointOptionsController
from .endpoints import EndpointController
from .entity_tags import EntityTags, provide_precondition
from .environment.controller import EnvironmentController
from .erasure import BulkExpungeController, ErasureController
from .event_stream import EventStreamController
from .event_type_specs import EventTypeSpecController
from .event_types import EventTypeController
from .example_answers import ExampleAnswers
from .expunged_content import ContentController
from .fetch_route import fetch_route
from .gzip_bodies import CompressedAnswers, InflatedRequests
from .head_requests import AllowedMethods, HeadRequests
from .health import HealthController
from .idempotent_posts import IdempotentPosts
from .ingest_endpoints import IngestEndpointController
from .ingest_sources import IngestSourceController
from .integrations import IntegrationController
from .invalid_parameters import on_invalid_parameters
from .legal_holds import ApplicationLegalHoldController, LegalHoldController
from .message_batches import MessageBatchController
from .messages import MessageController
from .operation_needs import require_needs
from .operational_webhooks import OperationalEndpointController
from .plain_litestar import PlainLitestar
from .platform import PlatformController
from .pollers import PollerController
from .portal_access import AuthenticationController
from .problems import (
    Refused,
    on_database_failure,
    on_failure,
    on_http_error,
    on_redis_failure,
    on_refused,
)
from .quarantine import QuarantineController
from .query_parameters import StrictQueries
from .rate_limit_headers import add_rate_limit_headers
from .redelivery import RedeliveryController, ResendController
from .reference.document import ApiDocument
from .reference.routes import reference_routes
from .search import SearchController
from .sign_in import SignInController, oidc_callback_route
from .statistics import ApplicationStatisticsController, StatisticsController
from .stream_event_types import StreamEventTypeController
from .stream_events import StreamEventController
from .stream_portal_access import StreamPortalController
from .stream_sinks import StreamSinkController
from .streams import StreamController
from .strict_json import StrictJson
from .tenant_policy import TenantPolicyController
from .tenants import TenantController
from .trials import SchemaTestController, UrlCheckController

_CONTROLLERS = (
    ApplicationController,
    EndpointController,
    EndpointOptionsController,
    DestinationController,
    UrlCheckController,
    EventTypeController,
    SchemaTestController,
    EventTypeSpecController,
    MessageController,
    MessageBatchController,
    AttemptController,
    DeliveryController,
    ResendController,
    RedeliveryController,
    EndpointDeliveryController,
    EndpointFilterController,
    CancellationController,
    ContentController,
    OperationalEndpointController,
    IngestSourceController,
    IngestEndpointController,
    BackgroundTaskController,
    TenantPolicyController,
    EnvironmentController,
    AuditLogController,
    ApiKeyController,
    IntegrationController,
    AuthenticationController,
    SignInController,
    TenantController,
    PlatformController,
    QuarantineController,
    HealthController,
    EventStreamController,
    PollerController,
    SearchController,
    StatisticsController,
    ApplicationStatisticsController,
    BulkExpungeController,
    ErasureController,
    LegalHoldController,
    ApplicationLegalHoldController,
    StreamController,
    StreamEventController,
    StreamSinkController,
    StreamEventTypeController,
    StreamPortalController,
)
_OF_BATCHES = (MessageBatchController, StreamEventController)
"""Controllers whose bodies may be larger."""


def api_document() -> ApiDocument:
    """The OpenAPI document of everything that the API serves."""
    return ApiDocument(_CONTROLLERS, version("angarium-gateway"))


def create_api(deps: ApiDependencies) -> ASGIApp:
    """Everything of the API but the acceptance of messages: that route stands before it.

    Raises `NeedUndeclared` if an operation does not declare what it needs.
    """
    return HeadRequests(CompressedAnswers(_operations(deps)))


def _operations(deps: ApiDependencies) -> Litestar:
    document = api_document()
    api = PlainLitestar(
        route_handlers=[
            *(each for each in _CONTROLLERS if each not in _OF_BATCHES),
            Router(
                "/",
                route_handlers=[*_OF_BATCHES],
                request_max_body_size=deps.batch_bytes_max,
            ),
            *reference_routes(document),
            fetch_route(),
            oidc_callback_route(),
        ],
        dependencies={
            "api": Provide(lambda: deps, sync_to_thread=False),
            "caller": Provide(provide_caller, sync_to_thread=False),
            "precondition": Provide(provide_precondition, sync_to_thread=False),
        },
        middleware=[
            DefineMiddleware(
                ApiKeyAuthentication,
                access=deps.access,
            ),
            DefineMiddleware(StrictQueries),
            DefineMiddleware(EntityTags),
            DefineMiddleware(InflatedRequests),
            DefineMiddleware(
                IdempotentPosts,
                keys=deps.idempotency_keys,
                created=CreatedObjects(deps.ask_dispatcher),
                examples=ExampleAnswers(deps.directory, deps.journal),
            ),
        ],
        before_send=[
            AuditedChanges(deps.record_change, deps.proxies),
            AllowedMethods(),
            add_rate_limit_headers,
        ],
        exception_handlers={
            Refused: on_refused,
            JournalUnavailable: on_database_failure,
            StreamUnavailable: on_redis_failure,
            ValidationException: on_invalid_parameters,
            HTTPException: on_http_error,
            Exception: on_failure,
        },
        response_headers=[ResponseHeader(name="x-content-type-options", value="nosniff")],
        dto=StrictJson,
        return_dto=None,
        request_max_body_size=deps.body_bytes_max,
        openapi_config=None,
        logging_config=None,
    )
    require_needs(api)
    return api

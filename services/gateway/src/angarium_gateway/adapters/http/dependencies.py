"""Dependencies of the HTTP API, and their injection into handlers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from angarium_chassis.http_server.trusted_proxies import NO_PROXIES, TrustedProxies
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from angarium_gateway.application.accept.event_type_schemas import EventTypeSchemas
from angarium_gateway.application.accept.idempotency import IdempotencyKeys
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.configuration.change_configuration import ChangeConfiguration
from angarium_gateway.application.configuration.endpoint_secrets import EndpointSecrets
from angarium_gateway.application.erasure.erasure import Erasure
from angarium_gateway.application.feed.listeners import Listeners
from angarium_gateway.application.ingest.source_secrets import SourceSecrets
from angarium_gateway.application.legal_holds import LegalHolds
from angarium_gateway.application.platform.platform import Platform
from angarium_gateway.application.read.attempts import ReadAttempts
from angarium_gateway.application.read.deliveries import ReadDeliveries
from angarium_gateway.application.read.endpoint_delivery import ReadEndpointDelivery
from angarium_gateway.application.read.fetch_payload import FetchPayload
from angarium_gateway.application.read.messages import MessageJournal, MessageSearch
from angarium_gateway.application.read.overview import ReadOverview
from angarium_gateway.application.read.poll_messages import PollMessages
from angarium_gateway.application.read.search_attempts import SearchAttemptsOfMessages
from angarium_gateway.application.read.statistics import ReadStatistics
from angarium_gateway.application.read.waiting_polls import WaitingPolls
from angarium_gateway.application.redelivery.cancel_deliveries import CancelPendingDeliveries
from angarium_gateway.application.redelivery.expunge_content import ExpungeContent
from angarium_gateway.application.redelivery.redelivery import Redelivery
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.application.tenants.api_keys import TenantKeys
from angarium_gateway.application.tenants.audit_log import AuditLog
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.integrations import Integrations
from angarium_gateway.application.tenants.oidc_sign_in import OidcSignIn
from angarium_gateway.application.tenants.payload_retention import PayloadRetentions
from angarium_gateway.application.tenants.portal_tokens import PortalTokens
from angarium_gateway.application.tenants.record_change import RecordChange
from angarium_gateway.application.tenants.schema_violations import StoredSchemaViolations
from angarium_gateway.application.tenants.sign_ins import SignIns
from angarium_gateway.application.tenants.tenant_retention import TenantRetentions
from angarium_gateway.application.tenants.tenant_schema_checks import TenantSchemaChecks
from angarium_gateway.application.tenants.tenants import Tenants

from .access_control import AccessControl
from .post_batch import PostBatch
from .schema_checks import SchemaChecks


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """The arguments of `create_api`.

    `body_bytes_max` bounds every request body but those of batches, which `batch_bytes_max`
    bounds. `is_stopping`: the process drains. `public_url` is
    where clients reach the API; None: where the request came to. `documentation_url` is where the
    documentation is published, if anywhere.
    """

    access: AccessControl
    idempotency_keys: IdempotencyKeys
    ask_dispatcher: ServiceQuery
    change_configuration: ChangeConfiguration
    endpoint_secrets: EndpointSecrets
    directory: ApplicationDirectory
    journal: MessageJournal
    read_attempts: ReadAttempts
    read_deliveries: ReadDeliveries
    read_endpoint_delivery: ReadEndpointDelivery
    poll_messages: PollMessages
    waiting_polls: WaitingPolls
    read_statistics: ReadStatistics
    overview: ReadOverview
    redelivery: Redelivery
    cancel: CancelPendingDeliveries
    expunge: ExpungeContent
    retentions: TenantRetentions
    payload_retentions: PayloadRetentions
    source_secrets: SourceSecrets
    keys: TenantKeys
    integrations: Integrations
    portal_tokens: PortalTokens
    sign_ins: SignIns
    tenants: Tenants
    audit_log: AuditLog
    record_change: RecordChange
    post_batch: PostBatch
    listeners: Listeners
    schemas: EventTypeSchemas
    check_schema: SchemaChecks
    schema_checks: TenantSchemaChecks
    schema_violations: StoredSchemaViolations
    message_search: MessageSearch
    search_attempts_of_messages: SearchAttemptsOfMessages
    ask_worker: ServiceQuery
    fetch_payload: FetchPayload
    erasure: Erasure
    platform: Platform
    legal_holds: LegalHolds
    oidc: OidcSignIn | None = None
    body_bytes_max: int = 1024 * 1024
    batch_bytes_max: int = 4 * 1024 * 1024
    is_stopping: Callable[[], bool] = lambda: False
    public_url: str | None = None
    documentation_url: str | None = None
    proxies: TrustedProxies = NO_PROXIES


Api = NamedDependency[SkipValidation[ApiDependencies]]
"""In a handler's signature: `api: Api`."""

CurrentCaller = NamedDependency[SkipValidation[Caller]]
"""The caller of a request; in a handler's signature: `caller: CurrentCaller`."""


def provide_caller(request: Request[Caller, str, Any]) -> Caller:
    """The caller that the authentication found."""
    return request.user

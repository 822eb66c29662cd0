"""What the HTTP API needs, and how handlers get at it."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from angarium_gateway.application.application_directory import ApplicationDirectory
from angarium_gateway.application.asking import Ask
from angarium_gateway.application.audit_log import AuditLog
from angarium_gateway.application.authentication import Authenticator, Caller
from angarium_gateway.application.by_hand import ByHand
from angarium_gateway.application.cancel_deliveries import CancelByHand
from angarium_gateway.application.change_configuration import ChangeConfiguration
from angarium_gateway.application.endpoint_secrets import EndpointSecrets
from angarium_gateway.application.idempotency import IdempotencyKeys
from angarium_gateway.application.messages import MessageJournal
from angarium_gateway.application.read_attempts import ReadAttempts
from angarium_gateway.application.read_deliveries import ReadDeliveries
from angarium_gateway.application.record_change import RecordChange
from angarium_gateway.application.retention import TenantRetentions


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """What `create_api` is given. `body_bytes_max` bounds every request body."""

    authenticator: Authenticator
    idempotency_keys: IdempotencyKeys
    ask_dispatcher: Ask
    change_configuration: ChangeConfiguration
    endpoint_secrets: EndpointSecrets
    directory: ApplicationDirectory
    journal: MessageJournal
    read_attempts: ReadAttempts
    read_deliveries: ReadDeliveries
    by_hand: ByHand
    cancel: CancelByHand
    retentions: TenantRetentions
    audit_log: AuditLog
    record_change: RecordChange
    body_bytes_max: int = 1024 * 1024


Api = NamedDependency[SkipValidation[ApiDependencies]]
"""In a handler's signature: `api: Api`."""

By = NamedDependency[SkipValidation[Caller]]
"""Who calls; in a handler's signature: `caller: By`."""


def provide_caller(request: Request[Caller, str, Any]) -> Caller:
    """The caller that the authentication found."""
    return request.user

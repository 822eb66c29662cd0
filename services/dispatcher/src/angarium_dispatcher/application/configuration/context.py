"""Dependencies shared by the use cases that change the configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from angarium_chassis.sealing import Seal
from angarium_webhooks.egress.egress_rules import EgressRules

from .changes import ConfigurationChanges
from .endpoint_secrets import EndpointSecrets


@dataclass(frozen=True, slots=True)
class ConfigurationLimits:
    """The operator's limits.

    `allow_http` permits endpoint URLs with the scheme http, `allow_streams` those of Redis
    streams. `egress` are the rules of the worker, which sends. `endpoints_max` bounds the
    endpoints of one application, and with them the cost of one message. `secret_grace_s` is
    how long a rotated secret goes on signing unless the request gives a time. `header_names` and
    `require_event_types` hold for tenants that have set none in their policy. `public_url` is
    where receivers fetch the payloads of thin events; None: nowhere.
    """

    allow_http: bool
    allow_streams: bool
    egress: EgressRules
    endpoints_max: int
    secret_grace_s: int
    header_names: str = "webhook"
    require_event_types: bool = False
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationContext:
    """Everything that a use case needs besides its command.

    `now` returns aware times. `new_id` returns 16 bytes that sort by time.
    """

    changes: ConfigurationChanges
    secrets: EndpointSecrets
    seal: Seal
    new_id: Callable[[], bytes]
    now: Callable[[], datetime]
    limits: ConfigurationLimits

"""The variables that an environment may have, so that a misspelt one is refused.

One environment may serve all services and tools. A service does not import the others, so their
settings are listed here; a test of the repository compares the list with their models.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

_PREFIX_WORD = "ANGARIUM"
ENV_PREFIX = f"{_PREFIX_WORD}_"
SERVICES = ("gateway", "dispatcher", "worker")

SETTINGS = frozenset(
    [
        "admin_keys_operate_platform",
        "allow_http_endpoints",
        "attempt_retention_days",
        "attempt_timeout_s",
        "audit_retention_days",
        "background_messages_per_s",
        "cached_applications_max",
        "cached_filters_max",
        "chunk_linger_s",
        "connections_max",
        "connections_per_address_max",
        "console",
        "cors_origins",
        "database_connections_max",
        "database_url",
        "deliveries_in_flight_max",
        "documentation_url",
        "drain_s",
        "egress_allowed_hosts",
        "egress_allowed_networks",
        "egress_allowed_ports",
        "egress_denied_hosts",
        "egress_denied_networks",
        "egress_denied_ports",
        "egress_proxy_url",
        "encryption_key",
        "encryption_key_fallbacks",
        "endpoint_disable_after",
        "endpoint_disable_failures_min",
        "endpoints_per_application_max",
        "entry_lease_s",
        "event_streams_max",
        "event_streams_per_tenant_max",
        "extra_ca_file",
        "gateway_replica_url",
        "host",
        "http_answer_timeout_s",
        "http_body_bytes_per_s_min",
        "http_body_timeout_s",
        "http_header_bytes_max",
        "http_header_fields_max",
        "http_header_timeout_s",
        "http_idle_timeout_s",
        "http_requests_per_connection_max",
        "http_target_bytes_max",
        "idempotency_key_life_s",
        "internal_connections_max",
        "internal_host",
        "internal_port",
        "kept_connections_bytes_max",
        "log_format",
        "log_level",
        "log_levels",
        "message_retention_days",
        "metrics_top_n",
        "oidc_client_id",
        "oidc_client_secret",
        "oidc_issuer",
        "oidc_name",
        "oidc_roles",
        "oidc_roles_claim",
        "oidc_scopes",
        "oidc_session_s",
        "oidc_tenant",
        "payload_bytes_in_hand_max",
        "payload_bytes_max",
        "port",
        "portal",
        "portal_frame_ancestors",
        "portal_image_origins",
        "profiling",
        "public_url",
        "query_timeout_s",
        "redis_url",
        "require_event_types",
        "retry_jitter",
        "retry_lease_s",
        "retry_schedule",
        "root_leads_to_console",
        "secret_grace_s",
        "signature_headers",
        "statistics_days_kept_days",
        "statistics_every_s",
        "statistics_hours_kept_days",
        "statistics_minutes_kept_days",
        "stop_grace_s",
        "stream_count",
        "stream_destinations",
        "tenant_messages_per_s_min",
        "tls_certificate_file",
        "tls_key_file",
        "tls_key_password",
        "trace_endpoint",
        "trace_headers",
        "trace_protocol",
        "trace_queue_max",
        "trace_ratio",
        "trace_trust_clients",
        "trusted_proxies",
        "trusted_proxies_header",
        "window_bytes",
        "worker_replica_url",
    ]
)
"""The settings of all services."""

_TOOLS = frozenset(
    {
        "IMAGE",
        "PROXY_SUBNET",
        "PUBLISH",
        "KEY",
        "URL",
        "TOKEN",
        "IMPORT_TOKEN",
        "TEST_POSTGRES_URL",
        "TEST_REDIS_URL",
    }
)
"""Variables of docker-compose.yml, of commands that use the API, of the tutorial's client, and of
the tests."""

_OUTBOX = "OUTBOX_"
"""Begins the variables of `angarium-outbox`, which checks them itself."""

# Kubernetes and Docker links add these for a service that is called angarium….
_ADDED_BY_ORCHESTRATORS = re.compile(
    r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)
_LINK = re.compile(r"(tcp|udp|sctp)://")


def unknown_settings(environment: Mapping[str, str], own: Iterable[str] = ()) -> list[str]:
    """A sentence for each `ANGARIUM_…` variable that no service or tool knows, without its value.

    `own` are further settings, in lower case as in the models. A misspelt prefix of a known
    setting counts too.
    """
    known = _settings(own)
    found = []
    for variable in sorted(environment):
        prefix, _, name = variable.upper().partition("_")
        if prefix + "_" != ENV_PREFIX:
            if name in known and get_close_matches(prefix, [_PREFIX_WORD], cutoff=0.75):
                found.append(_sentence(variable, [name]))
        elif (
            name not in known
            and name not in _TOOLS
            and not name.startswith(_OUTBOX)
            and not _ADDED_BY_ORCHESTRATORS.search(name)
            and not _LINK.match(environment[variable])
        ):
            found.append(_sentence(variable, get_close_matches(name, sorted(known), n=1)))
    return found


def _sentence(variable: str, near: Sequence[str]) -> str:
    remedy = f"did you mean {ENV_PREFIX}{near[0]}?" if near else "remove it"
    return f"{variable} is not a setting; {remedy}"


def _settings(own: Iterable[str]) -> set[str]:
    settings = {name.upper() for name in SETTINGS.union(own)}
    settings |= {f"{service.upper()}_DATABASE_URL" for service in SERVICES}
    return settings | {f"{name}_FILE" for name in settings}

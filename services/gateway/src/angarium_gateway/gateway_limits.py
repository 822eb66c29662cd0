"""The bounds of a gateway as its settings have them."""

from angarium_chassis.http_server.limits import HttpLimits
from angarium_chassis.service import (
    http_limits,
)

from .adapters.console.web_pages import WebPagesOptions
from .adapters.http.request_traces import TraceSampling
from .application.feed.listeners import ListenerLimits
from .application.redelivery.redelivery import RedeliveryLimits
from .application.tenants.oidc_sign_in import OidcRules
from .build_gateway import GatewayLimits
from .build_hot_path import HotPathLimits
from .domain.cors_origins import parse_origins
from .domain.role_scopes import parse_role_scopes
from .settings import Settings

TASK_LEASE_S = 10.0
"""Added to the time that the queries of one step may take: the lease of a background task."""


def limits_of(settings: Settings) -> GatewayLimits:
    """The bounds that the settings ask for."""
    return GatewayLimits(
        hot_path=HotPathLimits(
            window_bytes=settings.window_bytes,
            stream_count=settings.stream_count,
            tenant_rate_min=settings.tenant_messages_per_s_min,
        ),
        redelivery=RedeliveryLimits(
            messages_per_s=settings.background_messages_per_s,
            lease_s=TASK_LEASE_S + 4 * settings.query_timeout_s,
            hours_kept_days=settings.statistics_hours_kept_days,
        ),
        payload_bytes_max=settings.payload_bytes_max,
        cors_origins=parse_origins(settings.cors_origins),
        proxies=settings.proxies,
        message_retention_days=settings.message_retention_days,
        public_url=settings.public_url,
        documentation_url=settings.documentation_url,
        web_pages=web_pages_options(settings),
        listeners=ListenerLimits(settings.event_streams_max, settings.event_streams_per_tenant_max),
        statistics_hours_kept_days=settings.statistics_hours_kept_days,
        admin_keys_operate_platform=settings.admin_keys_operate_platform,
        oidc=OidcRules(
            name=settings.oidc_name,
            tenant=settings.oidc_tenant,
            roles=parse_role_scopes(settings.oidc_roles),
            key_life_s=settings.oidc_session_s,
        ),
        trace_sampling=TraceSampling(settings.trace_ratio, settings.trace_trust_clients),
    )


def web_pages_options(settings: Settings) -> WebPagesOptions:
    """Which of the console and the portal are served, and what may embed the portal."""
    return WebPagesOptions(
        console=settings.console,
        portal=settings.portal,
        root_leads_to_console=settings.root_leads_to_console,
        portal_frame_ancestors=settings.portal_frame_ancestors,
        portal_image_origins=settings.portal_image_origins,
    )


def public_limits(settings: Settings) -> HttpLimits:
    """The bounds of the public port."""
    return http_limits(
        settings,
        connections_max=settings.connections_max,
        connections_per_address_max=settings.connections_per_address_max,
        proxies=settings.proxies,
    )

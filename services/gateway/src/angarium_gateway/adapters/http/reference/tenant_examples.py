"""Examples of what concerns a whole tenant: its policy, keys, portal access and audit log."""

from typing import Final

from angarium_gateway.adapters.http.schemas.api_keys import ApiKeyCreatedOut, ApiKeyOut
from angarium_gateway.adapters.http.schemas.audit_log import AuditEntryOut
from angarium_gateway.adapters.http.schemas.delivery_policy import TenantPolicyOut
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentChange,
    EnvironmentEndpoint,
    EnvironmentImportOut,
    EnvironmentOperationalEndpoint,
    EnvironmentOut,
    EnvironmentSource,
    EnvironmentStream,
)
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.integrations import IntegrationKeyOut, IntegrationOut
from angarium_gateway.adapters.http.schemas.operational_webhooks import (
    OperationalWebhookEndpointOut,
)
from angarium_gateway.adapters.http.schemas.portal_access import (
    AppPortalAccessOut,
    DashboardAccessOut,
    WhoAmIOut,
)
from angarium_gateway.adapters.http.schemas.sign_in import (
    OidcMethodOut,
    OidcOut,
    SignInMethodsOut,
    SignInOut,
)
from angarium_gateway.adapters.http.schemas.tenants import RatesOut, TenantOut, TenantQuotasOut
from angarium_gateway.domain.ingest.source_types import SourceType
from angarium_gateway.domain.permissions import Capability, KeyScope, Permission

from .example_values import (
    APPLICATION,
    ENDPOINT,
    ID,
    MADE_AT,
    NOON,
    PORTAL,
    URL,
)

_NO_RATES: Final = RatesOut(
    requests_per_minute=None, messages_per_minute=None, payload_bytes_per_minute=None
)
TENANT_EXAMPLES: Final[tuple[ApiSchema, ...]] = (
    OperationalWebhookEndpointOut(
        id=ENDPOINT,
        uid="operations",
        url="https://example.com/operations",
        description="On-call",
        disabled=False,
        throttle_rate=None,
        rate_limit=None,
        event_types=("endpoint.disabled", "message.attempt.exhausted"),
        filter_types=("endpoint.disabled", "message.attempt.exhausted"),
        metadata={},
        created_at=MADE_AT,
        updated_at=MADE_AT,
    ),
    TenantPolicyOut(
        retry_schedule=(5, 300, 1800, 7200),
        retention_days=30,
        signature_headers=None,
        require_event_types=True,
        validate_schemas="warn",
    ),
    EnvironmentOut(
        version=1,
        created_at=NOON,
        event_types=[],
        settings={"retentionDays": 30},
        connectors=[],
        applications=[
            EnvironmentApplication(
                name="Acme Inc.",
                uid="acme",
                endpoints=[EnvironmentEndpoint(url=URL, uid="billing")],
            )
        ],
        sources=[
            EnvironmentSource(
                name="GitHub, organisation",
                uid="github",
                type=SourceType.GITHUB,
                left_out=["secret"],
                endpoints=[EnvironmentEndpoint(url=URL, uid="pushes")],
            )
        ],
        streams=[EnvironmentStream(name="Orders", uid="orders")],
        operational_endpoints=[EnvironmentOperationalEndpoint(url=URL, uid="operations")],
        sealing=None,
        iterator=None,
        done=True,
    ),
    EnvironmentImportOut(
        dry_run=False,
        changes=[
            EnvironmentChange(
                kind="endpoint",
                name="billing",
                application="acme",
                action="update",
                members=["url"],
            )
        ],
    ),
    ApiKeyOut(
        id=f"key_{ID}",
        name="billing backend",
        scope=KeyScope.PUBLISH,
        app_id=None,
        created_at=MADE_AT,
        expires_at=None,
        last_used_at=NOON,
        revoked_at=None,
        rates=_NO_RATES,
    ),
    ApiKeyCreatedOut(
        id=f"key_{ID}",
        name="billing backend",
        scope=KeyScope.PUBLISH,
        app_id=None,
        created_at=MADE_AT,
        expires_at=None,
        last_used_at=None,
        revoked_at=None,
        rates=_NO_RATES,
        token="ang_sk_…",  # noqa: S106 - no token
    ),
    IntegrationOut(
        id=f"key_{ID}",
        name="Zapier",
        feature_flags=("beta",),
        created_at=MADE_AT,
        updated_at=MADE_AT,
    ),
    IntegrationKeyOut(key="ang_sk_…"),
    AppPortalAccessOut(PORTAL, "ang_pt_…"),
    DashboardAccessOut(PORTAL, "ang_pt_…"),
    WhoAmIOut(
        type="portalToken",
        id=f"ptok_{ID}",
        tenant_id=f"tnt_{ID}",
        app_id=APPLICATION,
        scope=None,
        capabilities=[Capability.MANAGE_ENDPOINT, Capability.VIEW_BASE],
        session_id="user_1FB8",
        expires_at=NOON,
        permissions=(Permission.IDENTIFY, Permission.LOG_OUT, Permission.READ_APPLICATION),
    ),
    SignInMethodsOut(api_key=True, sign_in_link=True, oidc=OidcMethodOut(name="Example SSO")),
    OidcOut(authorization_url="https://login.example.com/authorize?response_type=code&…"),
    SignInOut(
        token="ang_sk_…",  # noqa: S106 - no token
        id=f"key_{ID}",
        name="Console: ada@example.com",
        scope=KeyScope.ADMIN,
        tenant_id=f"tnt_{ID}",
        subject="ada",
        email="ada@example.com",
        expires_at=NOON,
    ),
    TenantOut(
        id=f"tnt_{ID}",
        name="production",
        suspended=False,
        suspended_at=None,
        created_at=MADE_AT,
        deleted_at=None,
        quotas=TenantQuotasOut(
            requests_per_minute=6_000,
            messages_per_minute=60_000,
            payload_bytes_per_minute=None,
            applications_max=1_000,
            endpoints_max=None,
        ),
    ),
    AuditEntryOut(
        id=f"audit_{ID}",
        timestamp=NOON,
        api_key_id=f"key_{ID}",
        actor="billing backend",
        operation="v1.endpoint.update",
        method="PUT",
        path="/api/v1/app/acme/endpoint/billing",
        status=200,
        address="203.0.113.7",
        number=42,
        hash="8f6b2d0c5e7a41937b1d54c2a9e03f6688d1c7b59ea2f40316cd7e85b90a24fd",
    ),
)

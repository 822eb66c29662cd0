"""The gateway's settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from angarium_chassis.http_server.trusted_proxies import TrustedProxies, parse_networks
from angarium_chassis.statistics.settings import StatisticsSettings
from angarium_chassis.tracing.settings import TracingSettings
from pydantic import Field, SecretStr, field_validator, model_validator

from .domain.cors_origins import parse_origins
from .domain.role_scopes import parse_role_scopes

_SOURCES: Final = r"^('none'|\*|(https?://[a-z0-9.*\-]+(:[0-9]{1,5})?)( https?://[a-z0-9.*\-]+(:[0-9]{1,5})?){0,49})?$"
"""Sources of a Content-Security-Policy; anything else could add a directive to it."""


class Settings(StatisticsSettings, TracingSettings):
    """The settings of the gateway, in addition to those of every service."""

    needs: ClassVar[Mapping[str, str]] = {
        "tls_key_file": "tls_certificate_file",
        "tls_key_password": "tls_certificate_file",
        "trusted_proxies_header": "trusted_proxies",
        "root_leads_to_console": "console",
        "oidc_client_id": "oidc_issuer",
        "oidc_client_secret": "oidc_issuer",
        "oidc_roles": "oidc_issuer",
    }
    at_most: ClassVar[Mapping[str, str]] = {
        "connections_per_address_max": "connections_max",
        "event_streams_per_tenant_max": "event_streams_max",
    }

    host: str = Field(default="127.0.0.1", description="Address of the public HTTP API.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port of the public HTTP API.")
    gateway_replica_url: SecretStr = Field(
        default=SecretStr(""),
        description="A streaming replica of the gateway's Postgres, from which lists of messages"
        " are read. Takes the same parameters as the database URL.",
    )
    tls_certificate_file: Path | None = Field(
        default=None,
        description="A PEM file with the certificate of the public HTTP API and its chain: the port"
        " then takes TLS (1.2 or newer) only. A file that changes is loaded again within 10 s, for"
        " new connections.",
    )
    tls_key_file: Path | None = Field(
        default=None,
        description="A PEM file with the key of ANGARIUM_TLS_CERTIFICATE_FILE. Without it, the key"
        " is in that file too.",
    )
    tls_key_password: SecretStr | None = Field(
        default=None, description="The password of an encrypted key of the public HTTP API."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="The URL at which clients reach the API, such as https://webhooks.example.com."
        " Links to the portal begin with it; without it, with the host of the request.",
    )
    documentation_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="The URL at which this documentation is published, such as"
        " https://docs.example.com. Explanations of failed attempts link to it; without it, they"
        " have the path of their page.",
    )
    console: bool = Field(default=True, description="Serve the operators' console under /console.")
    portal: bool = Field(default=True, description="Serve the customers' portal under /portal.")
    root_leads_to_console: bool = Field(
        default=False, description="Redirect / to the console. `angarium dev` sets it."
    )
    portal_frame_ancestors: str = Field(
        default="*",
        pattern=_SOURCES,
        description="Origins whose pages may embed the portal, separated by spaces, such as"
        " https://app.example.com; * for all, 'none' for no page.",
    )
    portal_image_origins: str = Field(
        default="",
        pattern=_SOURCES,
        description="Origins that the portal may load a logo from, separated by spaces. Without"
        " any, a logo must be a data URL.",
    )
    admin_keys_operate_platform: bool = Field(
        default=False,
        description="Whether API keys of the scope admin may use the operations of the platform,"
        " which show data of all tenants: processes, streams, findings and the quarantine. Set it"
        " where there is one tenant only; otherwise these need a key of the scope platform.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^https://[^?#\s]+$|^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^?#\s]*)?$",
        description="The issuer of an OpenID Connect provider, such as https://login.example.com,"
        " with which people sign in to the console. Needs ANGARIUM_PUBLIC_URL; the redirect URI to"
        " register at the provider is that and /api/v1/auth/oidc/callback. Off unless set.",
    )
    oidc_client_id: str | None = Field(
        default=None, min_length=1, description="The client id at the OpenID Connect provider."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None,
        description="The client secret at the OpenID Connect provider; none for a public client.",
    )
    oidc_name: str = Field(
        default="single sign-on",
        min_length=1,
        max_length=64,
        description="What the console calls the OpenID Connect provider.",
    )
    oidc_scopes: str = Field(
        default="openid profile email",
        pattern=r"^(\S+ )*openid( \S+)*$",
        description="The scopes that are asked of the OpenID Connect provider.",
    )
    oidc_roles_claim: str = Field(
        default="groups",
        min_length=1,
        description="The claim that has a person's roles, such as groups or realm_access.roles. It"
        " is looked for in the ID token, then in the user info.",
    )
    oidc_roles: str = Field(
        default="",
        description="Which roles may use the console, with what scope: admin, read or platform,"
        " such as webhooks-admins=admin,support=read. Of several that a person has, the first"
        " counts; without any, nobody is signed in.",
    )
    oidc_tenant: str = Field(
        default="default",
        description="The name of the tenant that people sign in to with OpenID Connect.",
    )
    oidc_session_s: int = Field(
        default=12 * 3_600,
        ge=300,
        le=30 * 24 * 3_600,
        description="Seconds for which a sign-in with OpenID Connect lasts.",
    )
    connections_max: int = Field(
        default=2_000,
        ge=1,
        description="The largest number of concurrent client connections; more get 503. It is"
        " lowered to fit the limit of open files (ulimit -n), of which 256 or half stay reserved.",
    )
    connections_per_address_max: int = Field(
        default=500,
        ge=1,
        description="The largest number of concurrent connections from one IPv4 address or IPv6"
        " /64 network; more get 503. ANGARIUM_TRUSTED_PROXIES are"
        " exempt.",
    )
    cors_origins: str = Field(
        default="",
        description="Origins whose pages may use the API from a browser (CORS), such as"
        " https://app.example.com,http://localhost:3000; * for all. None unless set.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Networks of the proxies in front, such as 10.0.0.0/8,2001:db8::/32. Their"
        " requests count for the client that they name in ANGARIUM_TRUSTED_PROXIES_HEADER, in"
        " limits of failed logins and in logs.",
    )
    trusted_proxies_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for",
        description="The header in which the proxies name their client. They must add to it, or"
        " set it; the other one is not read.",
    )
    drain_s: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="Seconds for which a stopping gateway keeps serving while /ready answers 503."
        " Set it longer than your load balancer needs to notice.",
    )
    payload_bytes_max: int = Field(
        default=1024 * 1024, ge=1024, description="The largest payload accepted, in bytes."
    )
    window_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1024 * 1024,
        description="The largest number of bytes of unsettled messages that one gateway keeps in"
        " Redis; the rest waits in the journal.",
    )
    idempotency_key_life_s: int = Field(
        default=86_400, ge=60, description="Seconds for which an idempotency key is remembered."
    )
    message_retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days for which messages are kept; a tenant may set fewer. They are deleted in"
        " partitions of a thirtieth of that time, except scheduled and unsettled messages.",
    )
    audit_retention_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="Days for which entries of the audit log are kept. They are deleted in"
        " partitions of a thirtieth of that time.",
    )
    trace_ratio: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="The share of requests that post messages of which traces are recorded, where"
        " ANGARIUM_TRACE_ENDPOINT is set.",
    )
    trace_trust_clients: bool = Field(
        default=False,
        description="Follow the sampled flag of requests with a traceparent header: they are"
        " traced if it is set, and not otherwise. Unless this is set, the ratio decides for every"
        " request, as a tenant could otherwise have all its messages traced.",
    )
    query_timeout_s: float = Field(
        default=5.0, gt=0, description="Seconds to wait for an answer of another service."
    )
    tenant_messages_per_s_min: int = Field(
        default=500,
        ge=1,
        le=50_000,
        description="Messages per second that a gateway takes from each tenant in any case. Beyond"
        " that, a tenant is slowed while messages of others would wait for its own.",
    )
    background_messages_per_s: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="The largest number of messages per second that the background tasks of one"
        " gateway resend; they examine at most ten times as many.",
    )
    event_streams_max: int = Field(
        default=200,
        ge=0,
        le=10_000,
        description="The largest number of clients of one gateway that follow a stream of events;"
        " more get 503.",
    )
    event_streams_per_tenant_max: int = Field(
        default=20,
        ge=0,
        le=10_000,
        description="The largest number of clients of one gateway that follow a stream of events"
        " of one tenant; more get 429.",
    )

    @property
    def proxies(self) -> TrustedProxies:
        """The proxies in front."""
        return TrustedProxies(parse_networks(self.trusted_proxies), self.trusted_proxies_header)

    @model_validator(mode="after")
    def _oidc_is_complete(self) -> Self:
        if self.oidc_issuer is None:
            return self
        needed = {
            "ANGARIUM_OIDC_CLIENT_ID": self.oidc_client_id,
            "ANGARIUM_OIDC_ROLES": self.oidc_roles,
            "ANGARIUM_PUBLIC_URL": self.public_url,
        }
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise ValueError(f"with ANGARIUM_OIDC_ISSUER, {' and '.join(missing)} must be set")
        return self

    @field_validator("oidc_roles")
    @classmethod
    def _roles_can_be_read(cls, text: str) -> str:
        parse_role_scopes(text)
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _networks_can_be_read(cls, text: str) -> str:
        parse_networks(text)
        return text

    @field_validator("cors_origins")
    @classmethod
    def _origins_can_be_read(cls, text: str) -> str:
        parse_origins(text)
        return text

"""Portal tokens and identities on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from angarium_contracts.ids import API_KEY, APPLICATION, PORTAL_TOKEN, TENANT, format_id
from msgspec import Meta

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.portal_tokens import PortalGrant
from angarium_gateway.domain.permissions import PLATFORM_TENANT, Capability, KeyScope, Permission

from .applications import MissingApplicationIn
from .fields import ApiSchema, FeatureFlag, RequestSchema

HOUR_S = 3_600
EXPIRY_S_MAX = 7 * 24 * HOUR_S
SESSIONS_MAX = 100
FLAGS_MAX = 100

SessionId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="A name of your own for the login, by which its tokens can be expired.",
        examples=["user_1FB8"],
    ),
]


Capabilities = Annotated[
    list[Capability],
    Meta(
        min_length=1,
        description="The capabilities of the token; all if it is left out. `ViewBase` is always"
        " required.",
    ),
]
TokenFlags = Annotated[
    list[FeatureFlag],
    Meta(
        max_length=FLAGS_MAX,
        description="Of the event types that have feature flags, the token sees those that have one"
        " of these.",
    ),
]
Validity = Annotated[
    int,
    Meta(
        ge=HOUR_S,
        le=EXPIRY_S_MAX,
        description="How long the token is valid, in seconds: from an hour to 7 days, which is the"
        " default.",
    ),
]
Delay = Annotated[
    int,
    Meta(
        ge=0,
        le=EXPIRY_S_MAX,
        description="In how many seconds the tokens expire; at once if it is left out.",
    ),
]
SessionIds = Annotated[
    list[SessionId],
    Meta(
        max_length=SESSIONS_MAX,
        description="Expire only the tokens of these sessions. Left out or empty means all.",
    ),
]


class AppPortalAccessIn(RequestSchema, frozen=True, kw_only=True):
    """The permissions and the lifetime of a new portal token."""

    application: Annotated[
        MissingApplicationIn | None,
        Meta(description="Creates the application if the path names none that exists."),
    ] = None
    read_only: Annotated[
        bool | None, Meta(description="The token may only view, without signing secrets.")
    ] = None
    capabilities: Capabilities | None = None
    feature_flags: TokenFlags | None = None
    expiry: Validity | None = None
    session_id: SessionId | None = None


class AppPortalAccessOut(ApiSchema, frozen=True):
    """A link to the portal with a new token, and the token."""

    url: Annotated[
        str,
        Meta(
            description="Open this in the customer's browser. The token is in its fragment, which"
            " browsers do not send to servers."
        ),
    ]
    token: Annotated[str, Meta(examples=["ang_pt_…"])]

    def __repr__(self) -> str:
        return "AppPortalAccessOut()"


class DashboardAccessOut(AppPortalAccessOut, frozen=True):
    """The same, under its former name."""

    def __repr__(self) -> str:
        return "DashboardAccessOut()"


class ApplicationTokenExpireIn(RequestSchema, frozen=True, kw_only=True):
    """Which portal tokens to expire, and when."""

    expiry: Delay | None = None
    session_ids: SessionIds | None = None


class WhoAmIOut(ApiSchema, frozen=True, kw_only=True):
    """The identity that a request was made with."""

    type: Literal["apiKey", "portalToken"]
    id: Annotated[str, Meta(examples=["key_05jHR6TnRzUGhKWN8Ckr5D"])]
    tenant_id: Annotated[
        str | None,
        Meta(
            description="`null` for a key of the platform.",
            examples=["tnt_05jHR6TnRzUGhKWN8Ckr5D"],
        ),
    ]
    app_id: Annotated[
        str | None, Meta(description="The only application that the identity can use.")
    ]
    scope: Annotated[KeyScope | None, Meta(description="The scope of an API key.")]
    capabilities: Annotated[
        list[Capability] | None, Meta(description="The capabilities of a portal token.")
    ]
    session_id: str | None
    expires_at: datetime | None
    name: Annotated[str | None, Meta(description="The name of an API key.")] = None
    subject: Annotated[
        str | None, Meta(description="Who signed in, if the API key was made by signing in.")
    ] = None
    email: Annotated[
        str | None, Meta(description="The email address of who signed in, if it is known.")
    ] = None
    permissions: Annotated[
        tuple[Permission, ...],
        Meta(
            description="What the identity may do. One that is bound to an application may do it"
            " there only."
        ),
    ] = ()


def who_am_i_out(caller: Caller) -> WhoAmIOut:
    """A caller as it sees itself."""
    grant, application_id = caller.grant, caller.application_id
    portal = grant if isinstance(grant, PortalGrant) else None
    of_platform = caller.tenant_id == PLATFORM_TENANT
    return WhoAmIOut(
        type="apiKey" if portal is None else "portalToken",
        id=format_id(API_KEY if portal is None else PORTAL_TOKEN, caller.key_id),
        tenant_id=None if of_platform else format_id(TENANT, caller.tenant_id),
        app_id=None if application_id is None else format_id(APPLICATION, application_id),
        scope=None if isinstance(grant, PortalGrant) else grant,
        capabilities=None if portal is None else sorted(portal.capabilities),
        session_id=None if portal is None else portal.session_id,
        expires_at=caller.expires_at,
        name=caller.name,
        subject=caller.subject,
        email=caller.email,
        permissions=tuple(sorted(caller.permissions)),
    )

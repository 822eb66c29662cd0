"""Schemas of how deliveries authenticate, and in which form they are sent."""

from typing import Annotated, Literal

import msgspec
from angarium_contracts.configuration import ShownAuthentication
from angarium_webhooks.endpoint_authentication import EndpointAuthentication
from msgspec import UNSET, Meta, UnsetType

from .fields import ApiSchema, RequestSchema

PayloadFormat = Annotated[
    Literal["plain", "envelope", "thin", "cloudevents-structured", "cloudevents-binary"],
    Meta(
        description="The form of what is sent: the payload as it is (`plain`, the default); within"
        " `{type, id, timestamp, data}` (`envelope`); with a link in the place of the payload"
        " (`thin`); or as a CloudEvent 1.0."
    ),
]
ContentType = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="The Content-Type of plain payloads, unless the message has its own.",
        examples=["application/vnd.acme+json"],
    ),
]
EventSource = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=512,
        description="The `source` of CloudEvents, a URI; `null` means a URN with the application's"
        " id.",
        examples=["https://example.com/billing"],
    ),
]
Handshake = Annotated[
    bool,
    Meta(
        description="Ask the endpoint's permission before anything is sent, as CloudEvents have it:"
        " an `OPTIONS` request, whose answer must name the platform's host or `*` in"
        " `WebHook-Allowed-Origin`."
    ),
]
CaCertificates = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=65536,
        description="CA certificates in PEM. The certificate of the endpoint's server is verified"
        " with these, and not with those of the system.",
    ),
]
AuthenticationType = Literal["basic", "bearer", "oauth2"]
AuthStyle = Annotated[
    Literal["basic", "post"],
    Meta(
        description="How the client authenticates at the token endpoint: in the header"
        " Authorization (`basic`, the default), or in the body (`post`)."
    ),
]


class EndpointAuthenticationIn(RequestSchema, frozen=True, kw_only=True):
    """The value of the header Authorization, in the place of one among `headers`. It is replaced as
    a whole.

    `basic` takes `username` and `password`, `bearer` a `token`, `oauth2` (client credentials)
    `tokenUrl`, `clientId`, `clientSecret` and optionally `scope`, `audience` and `authStyle`.
    """

    type: AuthenticationType
    username: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    password: (
        Annotated[str, Meta(min_length=1, max_length=1024, description="Never returned.")] | None
    ) = None
    token: (
        Annotated[str, Meta(min_length=1, max_length=4096, description="Never returned.")] | None
    ) = None
    token_url: (
        Annotated[
            str,
            Meta(
                min_length=1, max_length=4096, examples=["https://login.example.com/oauth2/token"]
            ),
        ]
        | None
    ) = None
    client_id: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    client_secret: (
        Annotated[str, Meta(min_length=1, max_length=1024, description="Never returned.")] | None
    ) = None
    scope: (
        Annotated[
            str, Meta(min_length=1, max_length=1024, description="Scopes, separated by spaces.")
        ]
        | None
    ) = None
    audience: Annotated[str, Meta(min_length=1, max_length=2048)] | None = None
    auth_style: AuthStyle | None = None

    def __repr__(self) -> str:
        """Without the values, some of which are secret."""
        return f"EndpointAuthenticationIn({self.type})"


class EndpointAuthenticationOut(ApiSchema, frozen=True, kw_only=True):
    """An endpoint's authentication without its secrets."""

    type: AuthenticationType
    username: str | UnsetType = UNSET
    token_url: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    audience: str | UnsetType = UNSET
    auth_style: AuthStyle | UnsetType = UNSET


def authentication_text(given: EndpointAuthenticationIn) -> str:
    """The JSON that is sealed for the dispatcher."""
    names = EndpointAuthentication.__struct_fields__
    values = {name: getattr(given, name) for name in names}
    return msgspec.json.encode(EndpointAuthentication(**values)).decode()


def authentication_out(shown: ShownAuthentication) -> EndpointAuthenticationOut:
    """The members that answers may show."""
    values = {name: getattr(shown, name) for name in shown.__struct_fields__}
    given = {name: value for name, value in values.items() if value is not None}
    return EndpointAuthenticationOut(**given)

"""Authentication of deliveries at an endpoint: HTTP Basic, a bearer token, or OAuth 2.

The gateway seals it, the dispatcher checks it, the worker uses it: all three share this form.
"""

import base64
import re
from typing import Final

import msgspec

from .endpoint_url import URL_CHARS_MAX

USERNAME_CHARS_MAX: Final = 256
PASSWORD_CHARS_MAX: Final = 1_024
TOKEN_CHARS_MAX: Final = 4_096
CLIENT_ID_CHARS_MAX: Final = 512
CLIENT_SECRET_CHARS_MAX: Final = 1_024
SCOPE_CHARS_MAX: Final = 1_024
AUDIENCE_CHARS_MAX: Final = 2_048

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BEARER_TOKEN = re.compile(r"[\x21-\x7e]+")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749, 3.3

_REQUIRED: Final = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "oauth2": ("token_url", "client_id", "client_secret"),
}
_OPTIONAL: Final = {"oauth2": ("scope", "audience", "auth_style")}
_CHARS_MAX: Final = {
    "username": USERNAME_CHARS_MAX,
    "password": PASSWORD_CHARS_MAX,
    "token": TOKEN_CHARS_MAX,
    "token_url": URL_CHARS_MAX,
    "client_id": CLIENT_ID_CHARS_MAX,
    "client_secret": CLIENT_SECRET_CHARS_MAX,
    "scope": SCOPE_CHARS_MAX,
    "audience": AUDIENCE_CHARS_MAX,
}
_SECRETS: Final = frozenset({"password", "token", "client_secret"})


class AuthenticationRefused(ValueError):
    """The authentication cannot be used. `field` is the member to change, in the API's name; the
    text says how, and never contains a value."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field


class EndpointAuthentication(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"
):
    """How the sender proves who it is. `type` is "basic", "bearer" or "oauth2".

    OAuth 2 is the client credentials grant (RFC 6749, section 4.4). `auth_style` is "basic" (the
    default) or "post": how the client authenticates at `token_url` (section 2.3.1). `scope` is a
    list separated by spaces; `audience` is sent as the parameter of this name.
    """

    type: str
    username: str | None = None
    password: str | None = None
    token: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None
    audience: str | None = None
    auth_style: str | None = None

    def __repr__(self) -> str:
        """Without the values, some of which are secret."""
        return f"EndpointAuthentication({self.type})"

    @property
    def authorization(self) -> str | None:
        """The value of the header Authorization; None for OAuth 2, which has to ask for it."""
        if self.type == "basic":
            pair = f"{self.username}:{self.password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"  # RFC 7617
        if self.type == "bearer":
            return f"Bearer {self.token}"
        return None

    def shown(self) -> dict[str, str]:
        """The members that responses may contain, by name."""
        names = [name for name in self.__struct_fields__ if name not in _SECRETS]
        return {name: value for name in names if (value := getattr(self, name)) is not None}


_decoder = msgspec.json.Decoder(EndpointAuthentication)
_encoder = msgspec.json.Encoder()


def encode_authentication(authentication: EndpointAuthentication) -> bytes:
    """The form in which it is sealed."""
    return _encoder.encode(authentication)


def decode_authentication(text: bytes) -> EndpointAuthentication:
    """Read `encode_authentication`. Raises ValueError, without a value in its text."""
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ValueError("the authentication is no JSON of its form") from None


def check_authentication(given: EndpointAuthentication) -> None:
    """Check everything but the host of the token URL. Raises `AuthenticationRefused`."""
    required = _REQUIRED.get(given.type)
    if required is None:
        raise AuthenticationRefused("type", "Use one of basic, bearer, oauth2.")
    taken = {"type", *required, *_OPTIONAL.get(given.type, ())}
    for name in given.__struct_fields__:
        value = getattr(given, name)
        if name in required and not value:
            raise _refused(name, f"`{given.type}` needs `{_api_name(name)}`; give it.")
        if value is None:
            continue
        if name not in taken:
            raise _refused(
                name, f"`{_api_name(name)}` does not belong to `{given.type}`; remove it."
            )
        _check_text(name, value)
    _check_forms(given)


def _check_text(name: str, value: str) -> None:
    chars_max = _CHARS_MAX.get(name)
    if chars_max is not None and not 1 <= len(value) <= chars_max:
        raise _refused(name, f"Give 1 to {chars_max} characters.")
    if _CONTROL.search(value) is not None:
        raise _refused(name, "Remove the control characters, such as line breaks.")


def _check_forms(given: EndpointAuthentication) -> None:
    if given.username is not None and ":" in given.username:
        raise _refused("username", "A user name must not have a colon (RFC 7617); remove it.")
    if given.token is not None and _BEARER_TOKEN.fullmatch(given.token) is None:
        raise _refused("token", "A token has printable ASCII characters only, and no spaces.")
    if given.scope is not None and _SCOPE.fullmatch(given.scope) is None:
        raise _refused("scope", "Separate scopes by single spaces; each is ASCII without quotes.")
    if given.auth_style not in {None, "basic", "post"}:
        raise _refused("auth_style", "Use basic or post.")


def _refused(name: str, remedy: str) -> AuthenticationRefused:
    return AuthenticationRefused(_api_name(name), remedy)


def _api_name(name: str) -> str:
    first, *words = name.split("_")
    return first + "".join(word.title() for word in words)

"""HMAC schemes as data: where signature and time stand, and what is signed."""

import base64
import binascii
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final, assert_never

from angarium_receiver.errors import MalformedSecret, MissingSignature, SignatureMismatch
from angarium_receiver.mismatch import UNKNOWN, cause_of_mismatch
from angarium_receiver.request import Field, Header, WebhookRequest
from angarium_receiver.scheme import check_time, same

TOLERANCE_S: Final = 300
SIGNATURES_MAX: Final = 16


@unique
class Part(Enum):
    """A part of the request that a signature covers."""

    BODY = "the body, as it was received"
    TIMESTAMP = "the time, as it was received"
    METHOD = "the method"
    URL = "the URL, as the sender called it"
    DECODED_URL = "the URL, with the characters decoded that HubSpot decodes"


@unique
class Encoding(Enum):
    """How bytes are written as text."""

    UTF8 = "the text itself"
    HEX = "hexadecimal digits"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Pairs:
    """A header of pairs such as `t=1614265330,v1=5257a8…`, several signatures allowed."""

    header: str
    time: str
    signature: str
    separator: str = ","

    def __str__(self) -> str:
        return f"header {self.header}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacScheme:
    """An HMAC over `content` with the secret.

    `signature` says where it stands: in pairs, or in one of several places, after `prefix`.
    `timestamp` has the signed time, in units of `timestamp_unit_s`; with `tolerance_s` None, any
    time is accepted. `key` is how the secret is written.
    """

    signature: Pairs | tuple[Field, ...]
    content: tuple[str | Part | Field, ...] = (Part.BODY,)
    digest: str = "sha256"
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    timestamp: Field | None = None
    timestamp_unit_s: float = 1
    tolerance_s: float | None = TOLERANCE_S
    key: Encoding = Encoding.UTF8

    def verifier(self, secrets: Sequence[str]) -> "HmacVerifier":
        """A verifier that accepts what any of the secrets signed."""
        return HmacVerifier(self, secrets)


@dataclass(frozen=True, slots=True)
class _Signed:
    timestamp: str
    signatures: tuple[bytes, ...]


class HmacVerifier:
    """Verifies by an HMAC scheme."""

    def __init__(self, scheme: HmacScheme, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise MalformedSecret("At least one secret is needed, and none may be empty.")
        self._scheme = scheme
        self._keys = [_key(each, scheme.key) for each in secrets]

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if one of the secrets signed the request."""
        scheme = self._scheme
        signed = _read(scheme, request)
        if scheme.timestamp is not None or isinstance(scheme.signature, Pairs):
            check_time(signed.timestamp, now_s, scheme.tolerance_s, scheme.timestamp_unit_s)
        if self._matches(signed, request, request.body):
            return
        raise SignatureMismatch(
            f"The signature in {_place(scheme)} was not made with a known secret over this"
            " request.",
            self._cause(signed, request),
        )

    def _matches(self, signed: _Signed, request: WebhookRequest, body: bytes) -> bool:
        content = _content(self._scheme, request, signed.timestamp, body)
        expected = [hmac.digest(key, content, self._scheme.digest) for key in self._keys]
        return any(same(given, each) for given in signed.signatures for each in expected)

    def _cause(self, signed: _Signed, request: WebhookRequest) -> str:
        content = self._scheme.content
        if Part.URL in content or Part.DECODED_URL in content:
            return (
                f"The signature covers the URL, here {request.url.partition('?')[0]}: behind a"
                f" proxy, set public_url to what the sender calls. {UNKNOWN}"
            )
        if Part.BODY not in content:
            return UNKNOWN
        return cause_of_mismatch(request.body, lambda other: self._matches(signed, request, other))


def _key(secret: str, encoding: Encoding) -> bytes:
    try:
        match encoding:
            case Encoding.UTF8:
                return secret.encode()
            case Encoding.HEX:
                return bytes.fromhex(secret)
            case Encoding.BASE64:
                return base64.b64decode(secret, validate=True)
            case _:
                assert_never(encoding)
    except (ValueError, binascii.Error) as error:
        raise MalformedSecret(f"The secret is not written as {encoding.value}.") from error


def _place(scheme: HmacScheme) -> str:
    return str(scheme.signature if isinstance(scheme.signature, Pairs) else scheme.signature[0])


def _read(scheme: HmacScheme, request: WebhookRequest) -> _Signed:
    if isinstance(scheme.signature, Pairs):
        return _read_pairs(scheme.signature, scheme, request)
    given = [value for each in scheme.signature if (value := each.read(request)) is not None]
    if not given:
        raise MissingSignature(_place(scheme))
    timestamp = ""
    if scheme.timestamp is not None:
        timestamp = scheme.timestamp.read(request) or ""
        if not timestamp:
            raise MissingSignature(str(scheme.timestamp))
    texts = [each.removeprefix(scheme.prefix) for each in given if each.startswith(scheme.prefix)]
    return _Signed(timestamp, tuple(_decoded(texts, scheme.encoding)))


def _read_pairs(place: Pairs, scheme: HmacScheme, request: WebhookRequest) -> _Signed:
    header = Header(place.header).read(request)
    if header is None:
        raise MissingSignature(str(place))
    pairs = [part.strip().partition("=") for part in header.split(place.separator, SIGNATURES_MAX)]
    timestamp = next((value for name, _, value in pairs if name == place.time), "")
    texts = [value for name, _, value in pairs if name == place.signature]
    return _Signed(timestamp, tuple(_decoded(texts, scheme.encoding)))


def _decoded(texts: Sequence[str], encoding: Encoding) -> Iterator[bytes]:
    for text in texts:
        try:
            yield (
                bytes.fromhex(text)
                if encoding is Encoding.HEX
                else base64.b64decode(text, validate=True)
            )
        except (ValueError, binascii.Error):
            continue  # One unreadable signature says nothing about its neighbours.


def _content(scheme: HmacScheme, request: WebhookRequest, timestamp: str, body: bytes) -> bytes:
    return b"".join(_part(each, request, timestamp, body) for each in scheme.content)


def _part(part: str | Part | Field, request: WebhookRequest, timestamp: str, body: bytes) -> bytes:
    if isinstance(part, str):
        return part.encode()
    if not isinstance(part, Part):
        return (part.read(request) or "").encode()
    match part:
        case Part.BODY:
            return body
        case Part.TIMESTAMP:
            return timestamp.encode()
        case Part.METHOD:
            return request.method.encode()
        case Part.URL:
            return request.url.encode()
        case Part.DECODED_URL:
            return _decoded_url(request.url).encode()
        case _:
            assert_never(part)


# https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
_DECODED_BY_HUBSPOT: Final = {f"%{ord(character):02X}": character for character in ":/?@!$'()*,;"}


def _decoded_url(url: str) -> str:
    for coded, character in _DECODED_BY_HUBSPOT.items():
        url = url.replace(coded, character).replace(coded.lower(), character)
    return url


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The secret itself stands in a header: it proves the sender, and nothing of the body."""

    header: str

    def verifier(self, secrets: Sequence[str]) -> "SharedSecretVerifier":
        """A verifier that accepts any of the secrets."""
        return SharedSecretVerifier(self.header, secrets)


@dataclass(frozen=True, slots=True)
class SharedSecretVerifier:
    """Verifies that a header has one of the secrets."""

    header: str
    secrets: Sequence[str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise MalformedSecret("At least one secret is needed, and none may be empty.")

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if the header has one of the secrets; `now_s` does not matter."""
        given = Header(self.header).read(request)
        if given is None:
            raise MissingSignature(f"header {self.header}")
        if not any(same(given.encode(), each.encode()) for each in self.secrets):
            raise SignatureMismatch(
                f"The header {self.header} does not have a known secret.",
                "Usual cause: the secret is that of another webhook, or it was rotated.",
            )

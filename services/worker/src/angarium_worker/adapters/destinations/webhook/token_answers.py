"""Reads what a token endpoint answered (RFC 6749, sections 5.1 and 5.2). Pure."""

import base64
import re
from typing import Final
from urllib.parse import quote_plus

import msgspec
from angarium_webhooks.endpoint_authentication import EndpointAuthentication
from msgspec import Struct

from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    NotAttempted,
    Unreachable,
)

TOKEN_CHARS_MAX: Final = 8_192
LIFE_S_DEFAULT: Final = 300.0
"""Of a token whose endpoint does not say how long it lasts."""
LIFE_S_MAX: Final = 86_400.0
_LIFE_S_MIN: Final = 1.0
_BODY_CHARS_MAX: Final = 200
_REDACTED: Final = "[redacted]"

_TOKEN = re.compile(r"[\x21-\x7e]+")
_SECRET_MEMBERS = re.compile(
    r'("?(?:access_token|refresh_token|id_token|client_secret|client_assertion|password)"?\s*[:=]\s*)'
    r'("[^"]*"?|[^\s&,}"]+)',
    re.IGNORECASE,
)


class TokenGranted(Struct, frozen=True, gc=False):
    """A token, and for how long it lasts in seconds."""

    token: str
    life_s: float

    def __repr__(self) -> str:
        """Without the token."""
        return f"TokenGranted({self.life_s:g} s)"


class _Answer(Struct, frozen=True):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind
    expires_in: float | str | None = None


_decoder = msgspec.json.Decoder(_Answer)


def read_token_answer(
    result: AttemptResult, credentials: EndpointAuthentication
) -> TokenGranted | Unreachable | NotAttempted:
    """The token, or the failure of an attempt that needed it."""
    if isinstance(result, NotAttempted):
        return without_result(result)
    if isinstance(result, Accepted):
        return _granted(result, credentials)
    if result.response_status:
        return _refused(
            f"the token endpoint answered {result.response_status}{_body(result, credentials)}"
        )
    reason = "" if result.reason is None else result.reason.value
    detail = f"{reason}: {result.detail}" if result.detail else reason
    return _failure(FailureReason.OAUTH_TOKEN_UNREACHABLE, detail)


def without_result(result: NotAttempted) -> NotAttempted:
    """An attempt whose token was not even asked for: it counts for nothing either."""
    return NotAttempted(reason=result.reason, detail=result.detail)


def _granted(result: Accepted, credentials: EndpointAuthentication) -> TokenGranted | Unreachable:
    try:
        answer = _decoder.decode(result.response)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _refused(
            f"the token endpoint answered {result.response_status} without an access token in JSON"
            f"{_body(result, credentials)}"
        )
    if answer.token_type.lower() != "bearer":
        return _refused("the token endpoint gave a token of another type than bearer")
    if len(answer.access_token) > TOKEN_CHARS_MAX or not _TOKEN.fullmatch(answer.access_token):
        return _refused("the token endpoint gave a token that no header can carry")
    return TokenGranted(answer.access_token, _life_s(answer.expires_in))


def _life_s(given: float | str | None) -> float:
    try:
        life_s = LIFE_S_DEFAULT if given is None else float(given)
    except ValueError:
        return LIFE_S_DEFAULT
    if life_s != life_s:  # not a number
        return LIFE_S_DEFAULT
    return max(_LIFE_S_MIN, min(life_s, LIFE_S_MAX))


def _refused(detail: str) -> Unreachable:
    return _failure(FailureReason.OAUTH_TOKEN_REFUSED, detail)


def _failure(reason: FailureReason, detail: str) -> Unreachable:
    return Unreachable(reason=reason, detail=detail[:300])


def _body(result: AttemptResult, credentials: EndpointAuthentication) -> str:
    """The beginning of the answer's body, on one line, without secrets."""
    text = result.response.decode("utf-8", "replace")
    secret = credentials.client_secret or ""
    pair = f"{quote_plus(credentials.client_id or '')}:{quote_plus(secret)}".encode()
    for form in (secret, quote_plus(secret), base64.b64encode(pair).decode()):
        if form:
            text = text.replace(form, _REDACTED)
    text = _SECRET_MEMBERS.sub(rf"\1{_REDACTED}", text)
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return f": {text[:_BODY_CHARS_MAX]}" if text else ""

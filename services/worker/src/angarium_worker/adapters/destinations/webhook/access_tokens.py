"""Access tokens of endpoints with OAuth 2 client credentials (RFC 6749, section 4.4).

Callbacks only, as the sender has them. Tokens live in this process's memory, by the digest of
their credentials; however many attempts want one, one request for it is under way.
"""

import base64
import hashlib
from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode

from angarium_chassis.lru_cache import LruCache
from angarium_webhooks.endpoint_authentication import (
    EndpointAuthentication,
    encode_authentication,
)
from angarium_webhooks.failures.rewritten_bodies import Sign
from msgspec import Struct

from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.domain.attempt_result import (
    AttemptResult,
    FailureReason,
    NotAttempted,
    Unreachable,
    without_answer,
)

from .token_answers import TokenGranted, read_token_answer

REQUEST_TIMEOUT_S: Final = 10.0
"""Of one request for a token. Who waits for it waits no longer than the attempt's own time."""
SOURCES_MAX: Final = 4_096
"""Different credentials whose tokens are kept."""
FAILURE_KEPT_S: Final = 5.0
"""So long a refusal answers further attempts, so that they are no load on the token endpoint."""
DROP_PAUSE_S: Final = 60.0
"""A token that the receiver refuses is dropped, at most one in this time."""
_RENEWED_AFTER: Final = 0.8
_UNUSED_BEFORE_END_S: Final = 10.0

_CONTENT_TYPE: Final = ("content-type", "application/x-www-form-urlencoded")
_UNAUTHORIZED: Final = 401


class TokenPoster(Protocol):
    """The part of the sender that asks for tokens: under the same egress rules as webhooks."""

    def route(self, url: str, proxy: str | None, certificate: bytes | None) -> Any: ...

    def post(
        self,
        route: Any,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        secret_headers: Sequence[tuple[str, str]] = (),
        sign: Sign | None = None,
    ) -> SubmittedAttempt: ...


class Token(Struct, frozen=True, gc=False):
    """A token: sent until `unused_from_s`, renewed from `renew_from_s` (monotonic seconds)."""

    authorization: str
    renew_from_s: float
    unused_from_s: float

    def __repr__(self) -> str:
        """Without the token."""
        return "Token()"


type OnToken = Callable[[Token | Unreachable | NotAttempted], None]


class AccessTokens:
    """The token sources of one process. `clock_s` is monotonic."""

    def __init__(self, poster: TokenPoster, clock_s: Callable[[], float]) -> None:
        self._poster = poster
        self._clock_s = clock_s
        self._sources: LruCache[bytes, TokenSource] = LruCache(SOURCES_MAX)

    def source(self, credentials: EndpointAuthentication) -> "TokenSource":
        """The source for these credentials, shared by all endpoints that have them."""
        digest = hashlib.sha256(encode_authentication(credentials)).digest()
        source = self._sources.get(digest)
        if source is None:
            source = TokenSource(self._poster, credentials, self._clock_s)
            self._sources.put(digest, source)
        else:
            self._sources.touch(digest)
        return source


class TokenSource:
    """The token of one set of credentials."""

    __slots__ = (
        "_asking",
        "_clock_s",
        "_credentials",
        "_drop_from_s",
        "_failed_until_s",
        "_failure",
        "_poster",
        "_request",
        "_token",
        "_waiting",
    )

    def __init__(
        self,
        poster: TokenPoster,
        credentials: EndpointAuthentication,
        clock_s: Callable[[], float],
    ) -> None:
        self._poster = poster
        self._credentials = credentials
        self._clock_s = clock_s
        self._token: Token | None = None
        self._failure: Unreachable | None = None
        self._failed_until_s = 0.0
        self._drop_from_s = 0.0
        self._asking: SubmittedAttempt | None = None
        self._request = _token_request(credentials)
        self._waiting: dict[TokenWait, None] = {}

    def __repr__(self) -> str:
        """Without secrets."""
        return f"TokenSource({len(self._waiting)} waiting)"

    def current(self) -> Token | Unreachable | None:
        """The token to send now, or why there is none; None: `wait` for it. A token that ends soon
        is renewed meanwhile."""
        now_s = self._clock_s()
        token = self._token
        if token is not None and now_s < token.unused_from_s:
            if now_s >= token.renew_from_s and now_s >= self._failed_until_s:
                self._ask()
            return token
        if self._failure is not None and now_s < self._failed_until_s:
            return self._failure
        return None

    def wait(self, timeout_s: float, on_token: OnToken) -> "TokenWait":
        """Call `on_token` once, later, with a token or why there is none."""
        waiting = TokenWait(self, timeout_s, on_token)
        self._waiting[waiting] = None
        self._ask()
        return waiting

    def forget(self, waiting: "TokenWait") -> None:
        """Wait no more."""
        self._waiting.pop(waiting, None)

    def answered(self, status: int, token: Token) -> None:
        """The receiver answered a request with `token`: one that it refuses is not sent again."""
        if status != _UNAUTHORIZED or self._token is not token:
            return
        now_s = self._clock_s()
        if now_s >= self._drop_from_s:
            self._drop_from_s = now_s + DROP_PAUSE_S
            self._token = None

    def _ask(self) -> None:
        if self._asking is not None:
            return
        secret_headers, body = self._request
        url = self._credentials.token_url or ""
        route = self._poster.route(url, None, None)
        self._asking = self._poster.post(
            route, (_CONTENT_TYPE,), body, REQUEST_TIMEOUT_S, self._on_result, secret_headers
        )

    def _on_result(self, result: AttemptResult) -> None:
        self._asking = None
        now_s = self._clock_s()
        outcome: Token | Unreachable | NotAttempted
        answer = read_token_answer(result, self._credentials)
        if isinstance(answer, TokenGranted):
            life_s = answer.life_s
            outcome = self._token = Token(
                f"Bearer {answer.token}",
                now_s + life_s * _RENEWED_AFTER,
                now_s + life_s - min(_UNUSED_BEFORE_END_S, life_s * (1 - _RENEWED_AFTER) / 2),
            )
            self._failure = None
        else:
            outcome = answer
            self._failed_until_s = now_s + FAILURE_KEPT_S
            self._failure = answer if isinstance(answer, Unreachable) else None
        waiting, self._waiting = self._waiting, {}
        for each in waiting:
            each.end(outcome)


class TokenWait:
    """Somebody who waits for a token, until a time of their own."""

    __slots__ = ("_on_token", "_source", "_timeout_s", "_timer")

    def __init__(self, source: TokenSource, timeout_s: float, on_token: OnToken) -> None:
        self._source = source
        self._on_token: OnToken | None = on_token
        self._timeout_s = timeout_s
        self._timer: TimerHandle = get_running_loop().call_later(timeout_s, self._expire)

    def cancel(self) -> None:
        """Wait no more; nothing is called."""
        self._on_token = None
        self._timer.cancel()
        self._source.forget(self)

    def end(self, outcome: Token | Unreachable | NotAttempted) -> None:
        """The wait is over."""
        on_token = self._on_token
        self.cancel()
        if on_token is not None:
            on_token(outcome)

    def _expire(self) -> None:
        detail = f"no answer after {self._timeout_s:g} s"
        self.end(_unreachable(detail))


def _unreachable(detail: str) -> Unreachable | NotAttempted:
    return without_answer(FailureReason.OAUTH_TOKEN_UNREACHABLE, detail)


def _token_request(
    credentials: EndpointAuthentication,
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Secret headers and body of the request (RFC 6749, sections 2.3.1 and 4.4.2)."""
    client_id, secret = credentials.client_id or "", credentials.client_secret or ""
    form = {"grant_type": "client_credentials"}
    if credentials.scope is not None:
        form["scope"] = credentials.scope
    if credentials.audience is not None:
        form["audience"] = credentials.audience
    if credentials.auth_style == "post":
        form |= {"client_id": client_id, "client_secret": secret}
        return (), urlencode(form).encode()
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    basic = ("authorization", f"Basic {base64.b64encode(pair).decode()}")
    return (basic,), urlencode(form).encode()

"""A client of Angarium's API, or of another platform's, whose errors end the command."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import httpx

from angarium_cli.failure import CommandFailed, ExitStatus

from .printable import printable

ANGARIUM: Final = "Angarium"
TIMEOUT_S: Final = 120.0
_CONNECT_TIMEOUT_S: Final = 10.0
_DETAILS_MAX: Final = 20
TRIES_MAX: Final = 4
_PAUSE_S_MAX: Final = 10.0
_PASSING: Final = (429, 502, 503, 504)
_STATUSES: Final = {401: ExitStatus.NOT_LOGGED_IN, 404: ExitStatus.NOT_FOUND}

type Query = Mapping[str, Any]


class Refused(CommandFailed):
    """The API refused a request. The text is the API's sentence, with its remedy."""

    def __init__(self, text: str, status: int, exit_status: int) -> None:
        super().__init__(text, exit_status=exit_status)
        self.status = status


class Unreachable(CommandFailed):
    """No answer came."""

    def __init__(self, text: str) -> None:
        super().__init__(text, exit_status=ExitStatus.UNREACHABLE)


class ApiClient:
    """Sends requests with a bearer token. Its methods raise CommandFailed, without the token.

    `name` is what error messages call the server. Requests that may be repeated are, a few times,
    if the server is busy.
    """

    def __init__(
        self,
        http: httpx.Client,
        name: str = ANGARIUM,
        pause: Callable[[float], None] = time.sleep,
        tries_max: int = TRIES_MAX,
    ) -> None:
        self._http = http
        self._name = name
        self._pause = pause
        self._tries_max = tries_max

    @property
    def http(self) -> httpx.Client:
        """The underlying client, for answers that are streamed."""
        return self._http

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an answer."""
        return self.send("GET", path, query=query)

    def post(self, path: str, body: object) -> Any:
        """The JSON of the answer to a JSON body, which is sent once: no answer is stored for it."""
        return self._json("POST", path, {"json": body})

    def bytes_of(self, path: str) -> tuple[str, bytes]:
        """Content type and bytes of an answer."""
        answer = self._answer("GET", path, {})
        return answer.headers.get("content-type", ""), answer.content

    def send(
        self, method: str, path: str, *, query: Query | None = None, body: object = None
    ) -> Any:
        """The JSON of the answer to any request; None if the answer is empty.

        A POST has an idempotency key, so that it can be repeated.
        """
        request: dict[str, Any] = {"params": query or {}}
        if body is not None:
            request["json"] = body
        if method == "POST" and self._name == ANGARIUM:
            request["headers"] = {"idempotency-key": str(uuid4())}
        return self._json(method, path, request)

    def _json(self, method: str, path: str, request: Mapping[str, Any]) -> Any:
        answer = self._answer(method, path, request)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise CommandFailed(
                f"{method} {path} of {self._name} does not answer JSON; check the URL"
            ) from None

    def refusal(self, answer: httpx.Response) -> Refused:
        """The error for a refusal. The answer must have been read."""
        reason = printable(_reason(answer))
        if self._name == ANGARIUM:
            status = _STATUSES.get(answer.status_code, ExitStatus.FAILED)
            if answer.status_code == 401:
                reason = f"{reason.rstrip('.')}; log in again with `angarium login`"
            return Refused(reason, answer.status_code, status)
        request = answer.request
        return Refused(
            f"{self._name} refused {request.method} {request.url.path} with"
            f" {answer.status_code}: {reason}",
            answer.status_code,
            ExitStatus.FAILED,
        )

    def unreachable(self, error: httpx.HTTPError) -> Unreachable:
        """The error for a failed connection."""
        reason = str(error) or type(error).__name__
        return Unreachable(
            f"{self._name} does not answer at {self._http.base_url}: {reason}; check the URL and"
            " the network"
        )

    def _answer(self, method: str, path: str, request: Mapping[str, Any]) -> httpx.Response:
        repeatable = method == "GET" or "headers" in request
        for left in range(self._tries_max - 1, -1, -1):
            try:
                answer = self._http.request(method, path, **request)
            except httpx.HTTPError as error:
                raise self.unreachable(error) from error
            if answer.is_success:
                return answer
            if not left or not repeatable or answer.status_code not in _PASSING:
                raise self.refusal(answer)
            self._pause(_pause_s(answer, self._tries_max - left))
        raise AssertionError("the last try returns or raises")


@contextmanager
def api_client(
    url: str,
    token: str,
    name: str = ANGARIUM,
    *,
    timeout_s: float = TIMEOUT_S,
    tries_max: int = TRIES_MAX,
) -> Iterator[ApiClient]:
    """A client of the API at `url`."""
    headers = {"authorization": f"Bearer {token}"}
    if not token.isascii() or not token.isprintable():
        raise CommandFailed("the key has characters that no key has; copy it again")
    timeout = httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S)
    with httpx.Client(base_url=checked_url(url), headers=headers, timeout=timeout) as http:
        yield ApiClient(http, name, tries_max=tries_max)


def checked_url(url: str) -> httpx.URL:
    """The URL of an API. Raises CommandFailed."""
    try:
        found = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        found = httpx.URL()
    if found.scheme not in ("http", "https") or not found.host:
        raise CommandFailed("the URL is not one; write it as https://webhooks.example.com")
    if found.userinfo:
        # Messages show the URL.
        raise CommandFailed("the URL has a user or a password; write it without")
    return found


def _pause_s(answer: httpx.Response, tries: int) -> float:
    """The pause that the server asks for, else one that grows; never a long one."""
    asked = answer.headers.get("retry-after", "")
    wanted = float(asked) if asked.isascii() and asked.isdigit() else 0.25 * 2**tries
    return min(wanted, _PAUSE_S_MAX)


def _reason(answer: httpx.Response) -> str:
    """The sentence of a refusal; of a 422, the places and the sentences."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or answer.reason_phrase
    if isinstance(detail, str):
        return detail
    faults = [f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}" for item in detail]
    more = f"; and {len(faults) - _DETAILS_MAX} more" if len(faults) > _DETAILS_MAX else ""
    return "; ".join(faults[:_DETAILS_MAX]) + more

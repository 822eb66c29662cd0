"""A client of Angarium's API, or of another platform's, whose errors end the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from angarium_cli.failure import CommandFailed

_TIMEOUT_S: Final = 120.0
_DETAILS_MAX: Final = 20


class ApiClient:
    """Sends requests with a bearer token. Its methods raise CommandFailed, without the token.

    `name` is what error messages call the server.
    """

    def __init__(self, http: httpx.Client, name: str) -> None:
        self._http = http
        self._name = name

    def get(self, path: str, **query: str | int | bool) -> Any:
        """The JSON of an answer."""
        return self._json("GET", path, params=query)

    def post(self, path: str, body: object) -> Any:
        """The JSON of the answer to a JSON body."""
        return self._json("POST", path, json=body)

    def _json(self, method: str, path: str, **request: Any) -> Any:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise CommandFailed(
                f"{self._name} does not answer at {self._http.base_url}: {reason}; check the URL",
                exit_status=1,
            ) from error
        if answer.is_success:
            try:
                return answer.json()
            except ValueError:
                raise CommandFailed(
                    f"{method} {path} of {self._name} does not answer JSON; check the URL"
                ) from None
        raise CommandFailed(
            f"{self._name} refused {method} {path} with {answer.status_code}: {_reason(answer)}",
            exit_status=1,
        )


@contextmanager
def api_client(url: str, token: str, name: str = "Angarium") -> Iterator[ApiClient]:
    """A client of the API at `url`."""
    headers = {"authorization": f"Bearer {token}"}
    try:
        base_url = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        base_url = httpx.URL()
    if base_url.scheme not in ("http", "https"):
        raise CommandFailed("the URL is not one; write it as https://webhooks.example.com")
    with httpx.Client(base_url=base_url, headers=headers, timeout=_TIMEOUT_S) as http:
        yield ApiClient(http, name)


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

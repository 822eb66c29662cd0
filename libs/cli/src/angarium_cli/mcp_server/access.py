"""API keys of the tools: the key of a profile, or the key of each HTTP request."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from angarium_cli.client.api_client import api_client
from angarium_cli.client.profiles import Profile
from angarium_cli.client.session import Session, open_session
from angarium_cli.failure import CommandFailed

_SCHEME: Final = "bearer "

# A plain alias: the SDK recognises a parameter of this class, and no `type` statement.
ToolContext = Context[Any, Any]
type OpenSession = Callable[[ToolContext], AbstractContextManager[Session]]


def of_profile(profile: str | None) -> OpenSession:
    """Sessions of a profile, as it is at each call."""

    @contextmanager
    def opened(_: ToolContext) -> Iterator[Session]:
        with _told(), open_session(profile) as session:
            yield session

    return opened


def of_request(url: str) -> OpenSession:
    """Sessions with the key of each HTTP request: `Authorization: Bearer <API key>`."""

    @contextmanager
    def opened(context: ToolContext) -> Iterator[Session]:
        with _told():
            token = _bearer(context.headers or {})
            with api_client(url, token) as api:
                yield Session(Profile(None, url, token), api)

    return opened


@contextmanager
def _told() -> Iterator[None]:
    """Turn the failure of a command into an error that the client can read."""
    try:
        yield
    except CommandFailed as failure:
        raise ToolError(str(failure)) from failure


def _bearer(headers: Mapping[str, str]) -> str:
    given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
    if not given.lower().startswith(_SCHEME):
        raise CommandFailed("the API key is missing; send it as `Authorization: Bearer <API key>`")
    return given[len(_SCHEME) :].strip()

"""The official SDK as a client of the shared platform; every answer it gets is checked."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
from svix.api import ApplicationIn, ApplicationOut, Svix, SvixAsync, SvixOptions

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252
from .answer_shapes import check_answer


@pytest.fixture
def svix(platform: DevPlatform) -> Iterator[Svix]:
    """The synchronous client."""
    yield from _checked_sdk(platform.url, platform.key)


@pytest.fixture
async def svix_async(platform: DevPlatform) -> AsyncIterator[SvixAsync]:
    """The asynchronous client."""

    async def check(response: httpx.Response) -> None:
        await response.aread()
        check_answer(response)

    client = SvixAsync(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    async with client._httpx_client as http:
        http.event_hooks = {"response": [check]}
        yield client


@pytest.fixture(scope="session")
def other_key(platform: DevPlatform) -> str:
    """The key of another tenant, who has nothing yet."""
    url = str(platform.state["database_urls"]["gateway"])
    made = run_angarium(
        ["keys", "create", "tests", "--new-tenant", "--tenant", uuid4().hex],
        ANGARIUM_GATEWAY_DATABASE_URL=url,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture
def other_svix(platform: DevPlatform, other_key: str) -> Iterator[Svix]:
    """A client of the other tenant."""
    yield from _checked_sdk(platform.url, other_key)


@pytest.fixture
def checked_api(platform: DevPlatform) -> Iterator[httpx.Client]:
    """Plain HTTP, its answers checked as well."""
    with api_client(platform.url, platform.key) as client:
        client.event_hooks = {"response": [_check]}
        yield client


@pytest.fixture
def application(svix: Svix) -> ApplicationOut:
    """A new application with a uid."""
    return svix.application.create(ApplicationIn(name="Test", uid=f"app-{uuid4().hex}"))


def _checked_sdk(url: str, key: str) -> Iterator[Svix]:
    # Without its retries a 5xx or a lost connection shows at once.
    client = Svix(key, SvixOptions(server_url=url, retry_schedule=[]))
    with client._httpx_client as http:
        http.event_hooks = {"response": [_check]}
        yield client


def _check(response: httpx.Response) -> None:
    response.read()
    check_answer(response)

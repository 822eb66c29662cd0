"""A platform and receivers for the tests of the whole system.

The shared `platform` is one for each test worker: tests make applications of their own on it, and
those that kill or stop something start their own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from .dev_platform import DevPlatform
from .webhook_receiver import WebhookReceiver

ATTEMPT_TIMEOUT_S = 3.0
RETRIES = 2


@pytest.fixture
def platform_folder(new_folder: Callable[[str], Path]) -> Path:
    """Where a platform of a test's own keeps its data; Postgres's user may enter it, too."""
    return new_folder("dev")


@pytest.fixture(scope="session")
def platform(new_folder: Callable[[str], Path]) -> Iterator[DevPlatform]:
    """On SQLite; a failing delivery is retried twice, within a second."""
    with DevPlatform(
        new_folder("dev-shared"),
        ANGARIUM_RETRY_SCHEDULE="200ms,400ms",
        ANGARIUM_ATTEMPT_TIMEOUT_S=f"{ATTEMPT_TIMEOUT_S:g}",
        ANGARIUM_STATISTICS_EVERY_S="1",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def guides_platform(new_folder: Callable[[str], Path]) -> Iterator[DevPlatform]:
    """For the commands of the guides, which change whole tenants and examine everything. What they
    examine must be in order, so no other test uses it."""
    with DevPlatform(new_folder("dev-guides")) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A receiver with an empty ledger."""
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def api(platform: DevPlatform) -> Iterator[httpx.Client]:
    """Plain HTTP to the shared platform's API; paths go on from /api/v1."""
    with platform.client() as client:
        yield client


@pytest.fixture
def app(api: httpx.Client) -> str:
    """The path of a new application on the shared platform."""
    created = api.post("/app", json={"name": "Test", "uid": f"test-{uuid4().hex}"})
    assert created.status_code == 201, created.text
    return f"/app/{created.json()['id']}"

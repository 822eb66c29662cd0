"""Shell and Python blocks of the guides, run in order against a platform."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import trustme
from svix.api import AppUsageStatsIn, MessageIn, Svix, SvixOptions

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .code_blocks import Block, blocks_of
from .guided_shell import GuidedShell
from .run_blocks import PYTHON, SHELL, WITH_GATEWAY_SETTINGS

(CALL,) = [
    block
    for block in blocks_of("docs/how-to/set-schedules-order-limits.md")
    if block.text.startswith("call() {")
]


def _created(guides_platform: DevPlatform, *arguments: str) -> str:
    made = run_angarium(
        ["keys", "create", *arguments],
        ANGARIUM_GATEWAY_DATABASE_URL=str(guides_platform.state["database_urls"]["gateway"]),
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def _made(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.request.url}: {response.text}"
    return response.json() if response.content else None


@pytest.fixture(scope="module")
def key(guides_platform: DevPlatform) -> str:
    """The key of a tenant of the guides' own."""
    return _created(guides_platform, "guides", "--new-tenant", "--tenant", uuid4().hex)


@pytest.fixture(scope="module")
def client(guides_platform: DevPlatform, key: str) -> Iterator[httpx.Client]:
    """A client of that tenant."""
    with api_client(guides_platform.url, key) as client:
        yield client


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookReceiver]:
    """A receiver for the whole module."""
    with WebhookReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def svix(guides_platform: DevPlatform, key: str) -> Svix:
    """The SDK with that tenant's key."""
    return Svix(key, SvixOptions(server_url=guides_platform.url))


@pytest.fixture(scope="module")
def real(
    guides_platform: DevPlatform,
    key: str,
    client: httpx.Client,
    svix: Svix,
    receiver: WebhookReceiver,
) -> dict[str, str]:
    """The objects that ids and addresses of the guides stand for: an application with a message
    that was delivered to its endpoint, a background task, and a key to revoke."""
    _made(client.put("/app/acme", json={"name": "Acme", "uid": "acme"}))
    with guides_platform.client() as default:
        _made(default.put("/app/acme", json={"name": "Acme", "uid": "acme"}))
    _made(client.put("/event-type/user.created", json={"description": "A user signed up"}))
    for uid, form in (("orders", "plain"), ("thin", "thin"), ("deploy", "plain")):
        endpoint = {"url": f"{receiver.url}/{uid}", "uid": uid, "payloadFormat": form}
        _made(client.put(f"/app/acme/endpoint/{uid}", json=endpoint))
    message = svix.message.create(
        "acme",
        MessageIn(
            event_type="invoice.paid", payload={"cents": 1}, event_id="evt_1001", tags=["vip"]
        ),
    )
    attempts = f"/app/acme/attempt/msg/{message.id}?endpoint_id=orders"
    made = until(lambda: _made(client.get(attempts))["data"], 60, "the message is attempted")
    revoked = _made(client.post("/api-key", json={"name": "old", "scope": "read"}))
    erasure = _made(client.post("/erasure", json={"tag": "customer-77"}))["id"]
    task = f"/background-task/{erasure}"
    until(lambda: _made(client.get(task))["status"] == "finished", 60, "the erasure has ended")
    return {
        "<API key>": key,
        "http://127.0.0.1:8080": guides_platform.url,
        "https://webhooks.example.com": guides_platform.url,
        "ANGARIUM_TOKEN=ang_sk_…": f"ANGARIUM_TOKEN={key}",
        "ANGARIUM_TOKEN=…": f"ANGARIUM_TOKEN={key}",
        "endpoint_id=ep_…": f"endpoint_id={made[0]['endpointId']}",
        "atmpt_…": made[0]["id"],
        "key_05jHR6TnRzUGhKWN8Ckr5D": revoked["id"],
        "qtask_05jHR6TnRzUGhKWN8Ckr5D": erasure,
        "audit export production": "audit export default",
        "angarium tenants limit staging": "angarium tenants limit live",
    }


@pytest.fixture(scope="module")
def shell(
    guides_platform: DevPlatform,
    key: str,
    real: dict[str, str],
    receiver: WebhookReceiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> GuidedShell:
    """A shell in a folder where `angarium dev` has its data, with the files of the guides."""
    folder = tmp_path_factory.mktemp("guides")
    (folder / ".angarium").symlink_to(guides_platform.data_dir)
    (folder / "passphrase.txt").write_text("a passphrase for the guides")
    trustme.CA().cert_pem.write_to_path(folder / "ca.pem")
    (event,) = receiver.entries("/thin")
    variables = {
        "ANGARIUM_KEY": key,
        "ANGARIUM_URL": guides_platform.url,
        "ANGARIUM_PUBLIC_URL": guides_platform.url,
        "PLATFORM_KEY": _created(guides_platform, "operators", "--scope", "platform"),
        "API": f"{guides_platform.url}/api/v1",
        "URL": f"{guides_platform.url}/api/v1",
        "KEY": key,
        "FETCH_URL": json.loads(event["body"])["fetchUrl"],
    }
    return GuidedShell(folder, CALL, variables, real)


@pytest.mark.parametrize("page", SHELL)
def test_a_guides_commands_work(page: str, shell: GuidedShell) -> None:
    blocks = [block for block in blocks_of(page) if block.number in SHELL[page]]

    assert len(blocks) == len(SHELL[page])
    shell.run(blocks)


@pytest.mark.parametrize("page", WITH_GATEWAY_SETTINGS)
def test_an_operators_commands_work(
    page: str, shell: GuidedShell, guides_platform: DevPlatform
) -> None:
    numbers = WITH_GATEWAY_SETTINGS[page]
    blocks = [block for block in blocks_of(page) if block.number in numbers]

    assert len(blocks) == len(numbers)
    shell.run(
        blocks,
        ANGARIUM_GATEWAY_DATABASE_URL=str(guides_platform.state["database_urls"]["gateway"]),
        ANGARIUM_ENCRYPTION_KEY_FILE=str(guides_platform.data_dir / "encryption-key"),
    )


@pytest.mark.parametrize("page", PYTHON)
def test_a_guides_python_works(
    page: str, svix: Svix, guides_platform: DevPlatform, key: str, real: dict[str, str]
) -> None:
    now = datetime.now(UTC)
    known: dict[str, Any] = {
        "svix": svix,
        "admin_key": key,
        "AppUsageStatsIn": AppUsageStatsIn,
        "since": now - timedelta(days=1),
        "until": now,
        "source": SimpleNamespace(id="acme"),
    }
    blocks = [block for block in blocks_of(page) if block.language == "python"]

    assert [block.number for block in blocks] == PYTHON[page]
    for block in blocks:
        exec(_here(block, real), known)


def _here(block: Block, real: dict[str, str]) -> str:
    text = block.text
    for written, here in real.items():
        text = text.replace(written, here)
    return text

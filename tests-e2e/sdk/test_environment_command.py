"""`angarium environment` and `angarium import`, between tenants and from other platforms."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252

SECRET = "whsec_" + "q" * 32
E1, E2 = "endpoint e1 of application acme", "endpoint e2 of application acme"
OTHER_TOKEN = "token-of-the-other-platform"

type Command = Callable[..., CompletedProcess[str]]
type Pages = dict[str, Any]

CONVOY: Pages = {
    "/api/v1/projects/p1/event-types": {
        "data": [
            {"uid": "t0", "name": "*", "description": "", "deprecated_at": None},
            {
                "uid": "t1",
                "name": "invoice.paid",
                "description": "Paid.",
                "category": "billing",
                "deprecated_at": None,
                "json_schema": {"type": "object"},
            },
        ]
    },
    "/api/v1/projects/p1/subscriptions": {
        "data": {
            "content": [
                {
                    "uid": "s1",
                    "endpoint_metadata": {"uid": "e1"},
                    "filter_config": {"event_types": ["invoice.paid"], "filter": {"body": {}}},
                },
                {
                    "uid": "s2",
                    "endpoint_metadata": {"uid": "e2"},
                    "filter_config": {"event_types": ["*"], "filter": {"body": {"a": 1}}},
                },
            ],
            "pagination": {"has_next_page": False},
        }
    },
    "/api/v1/projects/p1/endpoints": {
        "data": {
            "content": [
                {
                    "uid": "e1",
                    "url": "http://127.0.0.1:9/one",
                    "name": "One",
                    "owner_id": "acme",
                    "status": "active",
                    "rate_limit": 120,
                    "rate_limit_duration": 60,
                    "secrets": [{"uid": "k", "value": "short", "expires_at": None}],
                    "authentication": {
                        "type": "api_key",
                        "api_key": {"header_name": "x-key", "header_value": "of-one"},
                    },
                }
            ],
            "pagination": {"has_next_page": True, "next_page_cursor": "more"},
        }
    },
    "/api/v1/projects/p1/endpoints?next_page_cursor=more": {
        "data": {
            "content": [
                {
                    "uid": "e2",
                    "url": "http://127.0.0.1:9/two",
                    "name": "Two",
                    "owner_id": "acme",
                    "status": "paused",
                    "secrets": [{"uid": "k", "value": SECRET, "expires_at": None}],
                }
            ],
            "pagination": {"has_next_page": False},
        }
    },
}
OUTPOST: Pages = {
    "/api/v1/topics": ["user.created", "user.deleted"],
    "/api/v1/tenants": {"models": [{"id": "t-1", "metadata": None}], "pagination": {"next": "n"}},
    "/api/v1/tenants?next=n": {
        "models": [{"id": "t-2", "metadata": {"plan": "pro"}}],
        "pagination": {"next": None},
    },
    "/api/v1/tenants/t-1/destinations": [
        {
            "id": "des_1",
            "type": "webhook",
            "topics": ["user.created"],
            "disabled_at": None,
            "config": {"url": "http://127.0.0.1:9/t1", "custom_headers": '{"x-a":"b"}'},
            "credentials": {"secret": SECRET},
        },
        {"id": "des_2", "type": "aws_sqs", "topics": "*", "config": {}, "disabled_at": None},
    ],
    "/api/v1/tenants/t-2/destinations": [
        {
            "id": "des_3",
            "type": "webhook",
            "topics": "*",
            "disabled_at": "2026-01-01T00:00:00Z",
            "config": {"url": "http://127.0.0.1:9/t2"},
            "credentials": {},
        }
    ],
}


@pytest.fixture
def serve() -> Iterator[Callable[[Pages], str]]:
    """Starts a server that answers these paths to the right token; gives its URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(pages: Pages) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                kept = {"next", "next_page_cursor"}
                position = [f"{k}={v[0]}" for k, v in parse_qs(url.query).items() if k in kept]
                page = pages.get("?".join([url.path, *position]))
                allowed = self.headers["authorization"] == f"Bearer {OTHER_TOKEN}"
                self.send_response(401 if not allowed else 200 if page is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(page if allowed else {}).encode())

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def new_key(platform: DevPlatform) -> Callable[[], str]:
    """Makes the key of a new tenant."""
    admin = run_angarium(
        ["keys", "create", "operator", "--scope", "platform"],
        ANGARIUM_GATEWAY_DATABASE_URL=str(platform.state["database_urls"]["gateway"]),
    ).stdout.strip()

    def make() -> str:
        with api_client(platform.url, admin) as api:
            tenant = api.post("/admin/tenant", json={"name": uuid4().hex}).json()["id"]
            body = {"name": "tests", "scope": "admin"}
            return str(api.post(f"/admin/tenant/{tenant}/api-key", json=body).json()["token"])

    return make


@pytest.fixture
def command(platform: DevPlatform) -> Command:
    """Runs a command as the tenant of a key."""

    def run(key: str, *arguments: str) -> CompletedProcess[str]:
        return run_angarium(
            [*arguments],
            ANGARIUM_URL=platform.url,
            ANGARIUM_TOKEN=key,
            ANGARIUM_IMPORT_TOKEN=OTHER_TOKEN,
        )

    return run


def endpoints(api: httpx.Client, app: str) -> dict[str, Any]:
    return {each["uid"]: each for each in api.get(f"/app/{app}/endpoint").json()["data"]}


def test_a_file_carries_a_configuration_to_another_tenant(
    platform: DevPlatform, new_key: Callable[[], str], command: Command, tmp_path: Path
) -> None:
    source, target = new_key(), new_key()
    with api_client(platform.url, source) as api:
        api.post("/app", json={"name": "Acme", "uid": "acme"})
        body = {"url": "http://127.0.0.1:9/", "uid": "one", "secret": SECRET}
        assert api.post("/app/acme/endpoint", json=body).status_code == 201
    passphrase, exported = tmp_path / "passphrase", tmp_path / "acme.json"
    passphrase.write_text("correct horse battery\n")
    sealed = ("--passphrase-file", str(passphrase))

    wrote = command(source, "environment", "export", *sealed, "-o", str(exported))
    assert wrote.returncode == 0, wrote.stderr
    assert SECRET not in exported.read_text()
    asked = command(target, "environment", "import", str(exported), *sealed, "--dry-run")
    assert (asked.returncode, "2 to create, 0 to update." in asked.stdout) == (0, True), asked
    done = command(target, "environment", "import", str(exported), *sealed, "--yes")
    assert "Imported 2 of 2 changes." in done.stdout, done.stderr
    again = command(target, "environment", "import", str(exported), *sealed, "--yes")
    assert again.stdout == "Nothing differs.\n"
    with api_client(platform.url, target) as api:
        assert api.get("/app/acme/endpoint/one/secret").json()["key"] == SECRET

    refused = command(target, "environment", "import", str(exported), "--yes")
    assert refused.returncode == 1
    assert "applications.0.endpoints.0.sealedSecret" in refused.stderr


def test_a_server_with_svix_api_is_taken_over(
    platform: DevPlatform, new_key: Callable[[], str], command: Command
) -> None:
    source, target = new_key(), new_key()
    with api_client(platform.url, source) as api:
        api.post("/event-type", json={"name": "invoice.paid", "description": "Paid."})
        app = api.post("/app", json={"name": "Acme", "throttleRate": 7}).json()["id"]
        body = {"url": "http://127.0.0.1:9/", "secret": SECRET, "eventTypes": ["invoice.paid"]}
        endpoint = api.post(f"/app/{app}/endpoint", json=body).json()["id"]
    run = ("import", "svix", "--from-url", platform.url, "--from-token", source, "--yes")
    done = command(target, *run)
    assert "Imported 3 of 3 changes." in done.stdout, done.stderr
    assert command(target, *run).stdout == "Nothing differs.\n"
    with api_client(platform.url, target) as api:
        assert api.get(f"/app/imported.{app}").json()["throttleRate"] == 7
        copied = endpoints(api, f"imported.{app}")[f"imported.{endpoint}"]
        assert copied["eventTypes"] == ["invoice.paid"]
        one = f"/app/imported.{app}/endpoint/imported.{endpoint}"
        assert api.get(f"{one}/secret").json()["key"] == SECRET


def test_a_project_of_convoy_is_taken_over(
    platform: DevPlatform,
    new_key: Callable[[], str],
    command: Command,
    serve: Callable[[Pages], str],
) -> None:
    target, source = new_key(), serve(CONVOY)
    run = ("import", "convoy", "--from-url", source, "--project", "p1", "--yes")
    done = command(target, *run)
    assert "Imported 4 of 4 changes." in done.stdout, done.stderr
    assert done.stderr.splitlines() == [
        f"Not imported: {E1}: its secret, which Angarium cannot sign with",
        f"Not imported: {E2}: the filters of its subscriptions; write them as `filter`",
    ]
    assert command(target, *run).stdout == "Nothing differs.\n"
    with api_client(platform.url, target) as api:
        found = endpoints(api, "acme")
        assert (found["e1"]["eventTypes"], found["e1"]["throttleRate"]) == (["invoice.paid"], 2)
        assert (found["e2"]["eventTypes"], found["e2"]["disabled"]) == (None, True)
        assert api.get("/app/acme/endpoint/e1/headers").json()["sensitive"] == ["x-key"]
        assert api.get("/app/acme/endpoint/e2/secret").json()["key"] == SECRET
        assert api.get("/event-type/invoice.paid").json()["groupName"] == "billing"


def test_tenants_of_outpost_are_taken_over(
    platform: DevPlatform,
    new_key: Callable[[], str],
    command: Command,
    serve: Callable[[Pages], str],
) -> None:
    target, source = new_key(), serve(OUTPOST)
    run = ("import", "outpost", "--from-url", source, "--yes")
    done = command(target, *run)
    assert "Imported 6 of 6 changes." in done.stdout, done.stderr
    assert "destination des_2 of tenant t-1: a destination of type aws_sqs" in done.stderr
    assert command(target, *run).stdout == "Nothing differs.\n"
    with api_client(platform.url, target) as api:
        assert endpoints(api, "t-1")["des_1"]["eventTypes"] == ["user.created"]
        assert endpoints(api, "t-2")["des_3"]["disabled"] is True
        assert api.get("/app/t-2").json()["metadata"] == {"plan": "pro"}
        headers = api.get("/app/t-1/endpoint/des_1/headers").json()
        assert headers["headers"] == {"x-a": "b"}


def test_a_wrong_token_is_told_without_it(
    new_key: Callable[[], str], command: Command, serve: Callable[[Pages], str]
) -> None:
    run = ("import", "outpost", "--from-url", serve(OUTPOST), "--from-token", "wrong-token")
    refused = command(new_key(), *run)
    assert refused.returncode == 1
    assert "Outpost refused GET /api/v1/topics with 401" in refused.stderr
    assert "wrong-token" not in refused.stderr

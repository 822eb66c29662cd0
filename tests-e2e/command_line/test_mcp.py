"""`angarium mcp` with the SDK's own client, over stdio and streamable HTTP."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from angarium_cli.mcp_server.access import of_profile
from angarium_cli.mcp_server.server import build_server
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from ..child_process import ANGARIUM, bare_environment, start_process  # noqa: TID252
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S  # noqa: TID252
from .conftest import Run

READING = {
    "find_messages",
    "find_failures",
    "explain_attempt",
    "explain_message",
    "list_unhealthy_endpoints",
    "preview_replay",
    "read_catalog",
    "get_task",
}
WRITING = {"start_replay", "resend_message"}


def data(run: Run, *arguments: str) -> Any:
    done = run(*arguments, "--output", "json")
    assert done.status == 0, done.err
    return json.loads(done.out)


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """The result of a tool."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    """The text in which a tool refuses."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0])


@pytest.fixture
def failed(logged_in: Run, acme: str) -> tuple[str, str]:
    """A message, and an endpoint where it failed for good."""
    endpoint = data(logged_in, "endpoints", "create", "http://127.0.0.1:9/x", "--app", acme)["id"]
    message = data(logged_in, "send", "invoice.paid", "--app", acme, "--event-id", "evt_1")["id"]
    failures = ("deliveries", "list", "--app", acme, "--status", "failed", "--no-retried")
    until(lambda: data(logged_in, *failures), WAIT_S, "the delivery is exhausted")
    return message, endpoint


async def test_a_failure_is_found_and_explained_and_nothing_can_be_changed(
    logged_in: Run, acme: str, failed: tuple[str, str]
) -> None:
    message, endpoint = failed
    async with Client(build_server(of_profile(None), allow_writes=False)) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == READING
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert all(tool.description for tool in tools)
        found = await call(client, "find_messages", app=acme, event_id="evt_1", since="1h")
        assert [each["id"] for each in found["messages"]] == [message]
        failures = await call(client, "find_failures", app=acme, failed_for_good=True)
        (attempt,) = failures["attempts"]
        assert attempt["explanation"]["code"] == "connection_refused"
        explained = await call(client, "explain_attempt", attempt_id=attempt["id"])
        assert explained["explanation"]["remedyBy"] == "customer"
        assert (
            len((await call(client, "explain_message", app=acme, message="evt_1"))["attempts"]) == 3
        )
        replay = {"app": acme, "endpoint": endpoint, "kind": "recover", "since": "1h"}
        assert (await call(client, "preview_replay", **replay))["messages"] == 1
        unhealthy = await call(client, "list_unhealthy_endpoints", limit=50)
        assert isinstance(unhealthy["data"], list)

        assert "neither a time" in await refusal(client, "find_messages", since="yesterday")
        assert "There is no application" in await refusal(client, "find_messages", app="nobody")
        assert "Unknown tool" in await refusal(client, "start_replay", **replay)


async def test_the_catalog_is_read(logged_in: Run, acme: str) -> None:
    name = f"order.placed-{acme}"
    schema = json.dumps({"1": {"type": "object", "examples": [{"a": 1}]}})
    data(logged_in, "event-types", "create", name, "--set", f"schemas={schema}")

    async with Client(build_server(of_profile(None), allow_writes=False)) as client:
        listed = await call(client, "read_catalog")
        one = await call(client, "read_catalog", name=name)

    assert name in [each["name"] for each in listed["eventTypes"]]
    assert one["schemas"]["1"]["examples"] == [{"a": 1}]


async def test_over_stdio_it_may_write_if_it_was_started_so(
    logged_in: Run,
    acme: str,
    failed: tuple[str, str],
    terminal_environment: dict[str, str],
) -> None:
    message, endpoint = failed
    command = StdioServerParameters(
        command=ANGARIUM, args=["mcp", "--allow-writes"], env=terminal_environment
    )
    replay = {"app": acme, "endpoint": endpoint, "kind": "recover", "since": "1h"}

    async with Client(command) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == READING | WRITING
        task = await call(client, "start_replay", **replay)
        assert (await call(client, "get_task", task_id=task["id"]))["task"] == "endpoint.recover"
        resent = await call(client, "resend_message", app=acme, message=message, endpoint=endpoint)
        assert resent["resent"] == message


@pytest.fixture
def http_url(platform: DevPlatform) -> Iterator[str]:
    """A server over HTTP that has no key of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = start_process(
        [ANGARIUM, "mcp", "--transport", "http", "--port", str(port)],
        bare_environment(ANGARIUM_URL=platform.url, XDG_CONFIG_HOME="/nonexistent"),
        out=subprocess.DEVNULL,
        errors=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/mcp"

    def answers() -> bool:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            return False
        return True

    try:
        until(answers, WAIT_S, "the server answers")
        yield url
    finally:
        process.terminate()
        process.wait()


async def test_over_http_each_client_has_what_its_own_key_allows(
    platform: DevPlatform, logged_in: Run, acme: str, failed: tuple[str, str], http_url: str
) -> None:
    with platform.client() as api:
        other = api.post("/app", json={"name": "Other"}).json()["id"]
        new = {"name": "tests", "scope": "application", "appId": other}
        key = api.post("/api-key", json=new).json()["token"]

    def client(token: str | None) -> Any:
        @asynccontextmanager
        async def connected() -> Any:
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            async with (
                httpx2.AsyncClient(headers=headers, trust_env=False) as http,
                Client(streamable_http_client(http_url, http_client=http)) as connection,
            ):
                yield connection

        return connected()

    async with client(platform.key) as all_of_it:
        found = await call(all_of_it, "find_messages", app=acme)
        assert [each["id"] for each in found["messages"]] == [failed[0]]
    async with client(key) as one:
        assert (await call(one, "find_messages"))["messages"] == []
        assert await refusal(one, "find_messages", app=acme)
    async with client(None) as nobody:
        assert "API key is missing" in await refusal(nobody, "find_messages")
    async with client("ang_wrong-key-of-a-test") as wrong:
        told = await refusal(wrong, "find_messages")
        assert "ang_wrong" not in told

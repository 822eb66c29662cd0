"""Every curl and Python sample of the API reference, run in turn against a platform."""

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from string import Template
from typing import Any
from uuid import uuid4

import httpx
import pytest
from angarium_contracts.ids import parse_id
from redis import Redis

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

SAMPLE_ORIGIN = "http://127.0.0.1:8080"
ATTEMPT_ID = "atmpt_05jHR6TnRzUGhKWN8Ckr5D"
TASK_ID = "qtask_05jHR6TnRzUGhKWN8Ckr5D"
KEY_ID = "key_05jHR6TnRzUGhKWN8Ckr5D"
INTEGRATION_ID = "key_05jHR6TnRzUGhKWN8Ckr5E"
TENANT_ID = "tnt_05jHR6TnRzUGhKWN8Ckr5D"
SIGN_IN_CODE = "ang_sc_2eXampLeCodeOfASignInLinkThatWorksOnlyOnce00aB3xYz"
QUARANTINE_ID = "1735689600000-0"
QUARANTINED: Any = {"stream": "x", "entry_id": "1-1", "reason": "a sample", "body": b"x"}
WAIT_S = 60
FIRST = (
    "v1.health.get", "v1.health.ping", "v1.authentication.list-methods",
    "v1.tenant.update-policy", "v1.tenant.get-policy",
    "v1.event-type.create", "v1.event-type.list", "v1.event-type.get", "v1.event-type.update",
    "patch_event_type", "v1.event-type.import-openapi", "v1.event-type.export-openapi",
    "v1.event-type.export-asyncapi", "v1.environment.export",
    "v1.application.create", "v1.application.list", "v1.application.get", "v1.application.update",
    "patch_application", "v1.message.bulk-expunge-content",
    "v1.integration.create", "v1.integration.list",
    "v1.endpoint.create", "v1.endpoint.list", "v1.endpoint.get", "v1.endpoint.update",
    "patch_endpoint", "v1.endpoint.update-headers", "v1.endpoint.patch-headers",
    "v1.endpoint.get-headers", "v1.endpoint.get-secret", "v1.endpoint.rotate-secret",
    "v1.destination.create", "v1.destination.list", "v1.destination.get",
    "v1.destination.update", "v1.destination.patch", "v1.destination.rotate-secret",
    "v1.destination.delete",
    "v1.ingest.source.create", "v1.ingest.source.list", "v1.ingest.source.get",
    "v1.ingest.source.update", "v1.ingest.source.rotate-token",
    "v1.ingest.authentication.consumer-portal-access",
    "v1.ingest.endpoint.create", "v1.ingest.endpoint.list", "v1.ingest.endpoint.get",
    "v1.ingest.endpoint.update", "v1.ingest.endpoint.update-headers",
    "v1.ingest.endpoint.get-headers", "v1.ingest.endpoint.get-secret",
    "v1.ingest.endpoint.rotate-secret", "v1.ingest.endpoint.delete", "v1.ingest.source.delete",
    "v1.streaming.event-type.create", "v1.streaming.event-type.list",
    "v1.streaming.event-type.get", "v1.streaming.event-type.update",
    "v1.streaming.event-type.patch",
    "v1.streaming.stream.create", "v1.streaming.stream.list", "v1.streaming.stream.get",
    "v1.streaming.stream.update", "v1.streaming.stream.patch",
    "v1.streaming.sink.create", "v1.streaming.sink.list", "v1.streaming.sink.get",
    "v1.streaming.sink.update", "v1.streaming.sink.patch", "v1.streaming.sink-headers-patch",
    "v1.streaming.sink-headers-get", "v1.streaming.sink.get-secret",
    "v1.streaming.sink.rotate-secret", "v1.streaming.events.create", "v1.streaming.sink.delete",
    "v1.authentication.stream-portal-access", "v1.authentication.stream-expire-all",
    "v1.message.create", "v1.message.list", "v1.message.get", "v1.message.precheck",
    "v1.message.create-batch", "v1.message.create-batch-across", "v1.message.get-raw-payload",
    "v1.endpoint.send-example", "v1.endpoint.recover", "v1.endpoint.replay-missing",
    "v1.endpoint.bulk-replay", "v1.background-task.list",
    "v1.authentication.app-portal-access", "v1.authentication.dashboard-access",
    "v1.authentication.whoami", "v1.api-key.create", "v1.api-key.list",
    "v1.admin.tenant.create", "v1.admin.tenant.list", "v1.environment.import",
)  # fmt: skip
"""Operations in an order in which each finds what it needs."""
THEN = (
    "v1.background-task.get", "v1.background-task.cancel",
    "v1.message-attempt.list-by-msg", "v1.message-attempt.list-by-endpoint",
    "v1.message-attempt.get", "v1.message-attempt.get-headers",
    "v1.message-attempt.list-attempted-destinations",
    "v1.message-attempt.list-attempted-messages", "v1.message-attempt.resend",
    "v1.endpoint.get-stats", "v1.endpoint.get-delivery-state",
    "v1.endpoint.get-attempt-stats", "v1.statistics.series", "v1.statistics.application-series",
    "v1.statistics.aggregate-app-stats", "v1.statistics.aggregate-event-types",
    "v1.endpoint-filter.test", "v1.endpoint.test-filter",
    "v1.endpoint.preview-redelivery", "v1.endpoint.check-url", "v1.event-type-schema.test",
    "v1.statistics.endpoint-sparklines",
    "v1.statistics.endpoint-sparklines", "v1.statistics.unhealthy-endpoints",
    "v1.statistics.backlog",
    "v1.search.messages", "v1.search.messages-of-application",
    "v1.search.attempts", "v1.search.attempts-of-application",
    "v1.message-attempt.cancel", "v1.message.cancel", "v1.endpoint.cancel-pending",
    "v1.operational-webhook.endpoint.create", "v1.operational-webhook.endpoint.list",
    "v1.operational-webhook.endpoint.get", "v1.operational-webhook.endpoint.update",
    "v1.operational-webhook.endpoint.update-headers",
    "v1.operational-webhook.endpoint.get-headers", "v1.operational-webhook.endpoint.get-secret",
    "v1.operational-webhook.endpoint.rotate-secret", "v1.operational-webhook.endpoint.delete",
    "v1.legal-hold.place", "v1.legal-hold.get", "v1.legal-hold.lift",
    "v1.application.place-legal-hold", "v1.application.get-legal-hold",
    "v1.application.lift-legal-hold",
    "v1.message-attempt.expunge-content", "v1.message.expunge-content",
    "v1.message.expunge-all-contents",
    "v1.erasure.create-in-application", "v1.erasure.create", "v1.erasure.verify-receipt",
    "v1.authentication.sign-in", "v1.authentication.logout", "v1.authentication.stream-logout",
    "v1.authentication.expire-all", "v1.streaming.events.get", "v1.streaming.stream.delete",
    "v1.streaming.event-type.delete",
    "v1.message.poller.poll", "v1.message.poller.consumer-poll",
    "v1.message.poller.consumer-seek", "v1.message.poller.list-consumers",
    "v1.message.poller.delete-consumer",
    "v1.integration.get", "v1.integration.update", "v1.integration.rotate-key",
    "v1.integration.delete",
    "v1.api-key.get", "v1.api-key.revoke",
    "v1.platform.get", "v1.platform.list-findings",
    "v1.quarantine.list", "v1.quarantine.get", "v1.quarantine.get-bytes", "v1.quarantine.replay",
    "v1.quarantine.drop", "v1.quarantine.list-set-aside-batches",
    "v1.admin.tenant.get", "v1.admin.tenant.create-api-key",
    "v1.audit-log.list", "v1.endpoint.delete", "v1.application.delete", "v1.event-type.delete",
    "v1.admin.tenant.patch", "v1.admin.tenant.delete",
)  # fmt: skip
"""These name what the first ones brought about, and the last end the tenant."""
STREAMS = ("v1.event-stream.application", "v1.event-stream.tenant")
"""Their samples do not end."""
NOT_SET_UP = ("v1.authentication.begin-oidc",)
"""Refused without an identity provider: tests-e2e/oidc begins with one."""


class Reference:
    """The samples of a platform's API document, with addresses and ids that exist there."""

    def __init__(
        self,
        api: httpx.Client,
        origin: str,
        receiver_url: str,
        tokens: dict[str, str],
        platform: DevPlatform,
    ) -> None:
        self._state = platform.state
        self._gateway_database = platform.database_path("gateway")
        self._api = api
        self.tokens = tokens
        self._real = {
            SAMPLE_ORIGIN: origin,
            "https://example.com": receiver_url,
        }
        self._samples: dict[str, list[dict[str, str]]] = {
            operation["operationId"]: operation["x-codeSamples"]
            for item in api.get("/openapi.json").json()["paths"].values()
            for operation in item.values()
        }

    @property
    def operations(self) -> set[str]:
        return set(self._samples)

    def find_ids(self) -> None:
        """Learn an attempt, a task and a key that exist, and the tenant."""
        attempts = until(
            lambda: self._api.get("/app/acme/attempt/msg/evt_1001").json()["data"],
            WAIT_S,
            "an attempt",
        )
        tasks = self._api.get("/background-task").json()["data"]
        with closing(sqlite3.connect(self._gateway_database)) as database, database:
            # One that a sample can cancel: no gateway continues it before its lease ends.
            task_id = parse_id("qtask", tasks[0]["id"])
            running = "UPDATE background_task SET status = 'running', held_until = ? WHERE id = ?"
            assert database.execute(running, (1 << 62, task_id)).rowcount == 1
        keys = self._api.get("/api-key").json()["data"]
        integrations = self._api.get("/app/acme/integration").json()["data"]
        self._real |= {
            ATTEMPT_ID: attempts[0]["id"],
            TASK_ID: tasks[0]["id"],
            KEY_ID: keys[0]["id"],
            INTEGRATION_ID: integrations[-1]["id"],
            TENANT_ID: self._api.get("/auth/whoami").json()["tenantId"],
        }
        access = self._api.post("/auth/app-portal-access/acme", json={})
        self.tokens["ANGARIUM_PORTAL_TOKEN"] = access.json()["token"]
        link = run_angarium(
            ["console", "link", "--scope", "platform", "--url", "http://localhost"],
            ANGARIUM_GATEWAY_DATABASE_URL=str(self._state["database_urls"]["gateway"]),
        )
        with Redis.from_url(str(self._state["redis_url"])) as redis:
            added: Any = redis.xadd("quarantine:worker", QUARANTINED)
        self._real[QUARANTINE_ID] = added.decode()
        self._real[SIGN_IN_CODE] = link.stdout.strip().partition("#code=")[2]
        poller = {"url": "poll://messages", "uid": "warehouse"}
        sink = {"type": "poller", "uid": "warehouse"}
        for path, body in (("/app/acme/endpoint", poller), ("/stream/orders/sink", sink)):
            made = self._api.post(path, json=body)
            assert made.status_code == 201, made.text

    def log_in_again(self, operation: str) -> None:
        """Get a portal token in the place of the one that the operation has ended."""
        if operation == "v1.authentication.logout":
            access = self._api.post("/auth/app-portal-access/acme", json={})
            self.tokens["ANGARIUM_PORTAL_TOKEN"] = access.json()["token"]

    def samples(self, operation: str, language: str) -> Iterator[str]:
        for sample in self._samples[operation]:
            if sample["lang"] == language:
                source = sample["source"]
                for shown, real in self._real.items():
                    source = source.replace(shown, real)
                yield source


@pytest.fixture
def tokens(platform: DevPlatform) -> dict[str, str]:
    """The key of a tenant that has nothing yet, and one of the platform, by their variables."""
    url = str(platform.state["database_urls"]["gateway"])
    made = {
        name: run_angarium(
            ["keys", "create", "samples", *arguments], ANGARIUM_GATEWAY_DATABASE_URL=url
        )
        for name, arguments in (
            ("ANGARIUM_KEY", ["--new-tenant", "--tenant", uuid4().hex]),
            ("ANGARIUM_PLATFORM_KEY", ["--scope", "platform"]),
        )
    }
    assert {each.returncode for each in made.values()} == {0}
    return {name: each.stdout.strip() for name, each in made.items()}


@pytest.fixture
def reference(
    platform: DevPlatform, tokens: dict[str, str], receiver: WebhookReceiver
) -> Iterator[Reference]:
    with api_client(platform.url, tokens["ANGARIUM_KEY"]) as api:
        # Endpoints of the samples name it, and a sample lets them name existing ones only.
        api.put("/event-type/invoice.voided", json={"description": "An invoice was voided"})
        yield Reference(api, platform.url, f"{receiver.url}/ok", tokens, platform)


def test_every_curl_sample_succeeds(reference: Reference) -> None:
    assert {*FIRST, *THEN, *STREAMS, *NOT_SET_UP} == reference.operations
    for operation in FIRST:
        _curl_samples(reference, operation)
    reference.find_ids()
    for operation in THEN:
        _curl_samples(reference, operation)
        reference.log_in_again(operation)


def test_every_python_sample_succeeds(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_tokens() -> None:
        for name, token in reference.tokens.items():
            monkeypatch.setitem(os.environ, name, token)

    set_tokens()
    for operation in FIRST:
        _python_samples(reference, operation)
    reference.find_ids()
    set_tokens()
    for operation in THEN:
        _python_samples(reference, operation)
        reference.log_in_again(operation)
        set_tokens()


def _curl_samples(reference: Reference, operation: str) -> None:
    for source in reference.samples(operation, "shell"):
        answer = _curl(Template(source).safe_substitute(reference.tokens))
        assert answer.is_success, (source, answer.status_code, answer.text)


def _python_samples(reference: Reference, operation: str) -> None:
    for source in reference.samples(operation, "python"):
        exec(compile(source, operation, "exec"), {})


def _curl(source: str) -> httpx.Response:
    """Send what curl would send for this command."""
    command, *words = shlex.split(source.replace("\\\n", ""))
    assert command == "curl"
    request: dict[str, Any] = {"method": "GET", "headers": {}}
    arguments = iter(words)
    for word in arguments:
        match word:
            case "-X":
                request["method"] = next(arguments)
            case "--head":
                request["method"] = "HEAD"
            case "-H":
                name, _, value = next(arguments).partition(": ")
                request["headers"][name] = value
            case "-d":
                request["content"] = next(arguments)
            case _:
                request["url"] = word
    return httpx.request(**request)

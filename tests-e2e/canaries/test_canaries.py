"""Secrets and payloads are where they belong, and nowhere else; erased data are nowhere at all.

On Postgres and on Valkey with an append-only file, with every log line and every trace."""

import hashlib
import hmac
import json
import os
import re
from base64 import b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

import httpx
import pytest

from ..delivery.replica_set import SERVICES  # noqa: TID252 - tests are no installed package
from ..dev_platform import api_client  # noqa: TID252
from ..oidc.identity_provider import TestProvider, running_provider  # noqa: TID252
from ..traces.otlp_receiver import OtlpReceiver  # noqa: TID252
from ..waiting import until  # noqa: TID252
from .canary_search import Canary, Found, find_canaries
from .echo_server import EchoServer
from .secret_holders import Canaries, Objects, SecretHolders
from .watched_platform import WAIT_S, WatchedPlatform, new_canary

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "libs/console/web/api/openapi.json"
APPLICATION: Final = "Application of the persons"
STREAMED: Final = ("/api/v1/events", "/api/v1/app/{app_id}/events")

RETURNED_ON_PURPOSE: Final = {
    # An endpoint's secret can be read again: its receiver needs it.
    r"GET .*/secret": {
        "rotated secret", "signing secret", "key of a sink", "operational secret",
        "secret of a source's endpoint",
    },
    # The sender needs the URL, which ends in the token.
    r"(POST|GET) /ingest/api/v1/source(/[^/]+)?": {"token of a source's URL"},
    # Shown once, to whoever created it or signed in.
    r"POST /api/v1/auth/sign-in": {"key of a sign-in"},
    r"POST /api/v1/api-key": {"API key that was created"},
    r"POST /api/v1/app/[^/]+/integration/[^/]+/key/rotate": {"key of an integration"},
    r"POST /api/v1/auth/app-portal-access/[^/]+": {"portal token"},
    r"POST /api/v1/auth/stream-portal-access/[^/]+": {"portal token of a stream"},
}  # fmt: skip


class World:
    """The platform and its neighbours, with the canaries that they were given."""

    def __init__(
        self,
        platform: WatchedPlatform,
        echo: EchoServer,
        provider: TestProvider,
        canaries: Canaries,
    ) -> None:
        self.platform, self.echo, self.canaries = platform, echo, canaries
        self.provider = provider
        self.answers: dict[str, bytes] = {}
        self.payload = new_canary("payload")

    def client(self) -> httpx.Client:
        """A client whose answers are kept."""
        client = api_client(self.platform.running("gateway").url, self.platform.key)
        client.event_hooks = {"response": [self._keep]}
        return client

    def content(self) -> list[Canary]:
        """The values that customers send, which are stored but never logged."""
        return [Canary("payload", self.payload)]

    def _keep(self, response: httpx.Response) -> None:
        request = response.request
        place = f"{request.method} {request.url.path}"
        headers = b"\n".join(name + b": " + value for name, value in response.headers.raw)
        self.answers[place] = self.answers.get(place, b"") + headers + response.read()


@pytest.fixture(scope="module")
def world(new_folder: Callable[[str], Path]) -> Iterator[World]:
    canaries = Canaries()
    passwords = {
        name: canaries.text(f"password of {name}")
        for name in ("gateway", "dispatcher", "worker", "redis")
    }
    collected = canaries.text("token of the collector")
    with (
        OtlpReceiver() as collector,
        EchoServer(canaries.text("OAuth access token")) as echo,
        running_provider() as provider,
        WatchedPlatform(
            new_folder("canaries"),
            collector,
            passwords,
            ANGARIUM_ENCRYPTION_KEY=canaries.key("encryption key", ""),
            ANGARIUM_TRACE_HEADERS=f"authorization=Bearer%20{quote(collected, safe='')}",
            ANGARIUM_RETRY_SCHEDULE="200ms,200ms",
            ANGARIUM_ATTEMPT_TIMEOUT_S="1",
            ANGARIUM_STATISTICS_EVERY_S="1",
            ANGARIUM_STREAM_DESTINATIONS="true",
            ANGARIUM_PUBLIC_URL="http://127.0.0.1:9",
            ANGARIUM_OIDC_ISSUER=provider.url,
            ANGARIUM_OIDC_CLIENT_ID="angarium",
            ANGARIUM_OIDC_CLIENT_SECRET=canaries.text("OIDC client secret"),
            ANGARIUM_OIDC_ROLES="admins=admin",
        ) as platform,
    ):
        canaries.given("API key", platform.key)
        provider.person("ada", email="ada@example.com", groups=["admins"])
        yield World(platform, echo, provider, canaries)


def test_secrets_are_nowhere_in_the_clear(world: World) -> None:
    platform, echo = world.platform, world.echo
    platform.start("gateway", "dispatcher")
    proxy = quote(world.canaries.text("password of the operator's proxy"), safe="")
    proxied = {"ANGARIUM_EGRESS_PROXY_URL": f"http://user:{proxy}@127.0.0.1:9"}
    (worker,) = platform.start("worker", **proxied)
    stream = platform.valkey.url.rpartition("@")[2].removesuffix("/0")
    with world.client() as api:
        holders = SecretHolders(api, world.canaries, echo.url)
        objects = holders.create(
            f"redis+stream://{stream}/0/customer",
            str(world.canaries.values["password of redis"]),
        )
        app = f"/app/{objects.ids['app_id']}"
        first = post(api, app, world.payload)
        ended(api, app, first, "proxied", 1)
        worker.process.kill()
        worker.process.wait()
        platform.start("worker")
        message = post(api, app, world.payload)
        receive_one(objects, world)
        sign_in(world, api)
        for name in ("signed", "basic", "bearer", "oauth", "redis"):
            ended(api, app, message, name, 1)
        for name in ("failing", "hanging", "proxied", "certified"):
            ended(api, app, message, name, 1)
        for answer in holders.refused(objects.ids["app_id"]):
            assert 400 <= answer.status_code < 500, answer.text
        break_each_service(world, api, app, objects)
        read_everything(api, objects, message)
    operate(world)
    pages = platform.internal_pages()

    secrets = world.canaries.all()
    written = platform.logs() | platform.traces() | pages
    stored = platform.dumps() | platform.redis_contents() | platform.append_only_file()
    assert find_canaries(secrets, written | stored) == set()
    assert not_on_purpose(find_canaries(secrets, world.answers)) == set()
    assert find_canaries(world.content(), written) == set()
    # The search reads what it claims to: what belongs there, it finds.
    assert {each.place for each in find_canaries(world.content(), stored)} >= {
        "dump of gateway", "dump of worker", "Redis key customer",
    }  # fmt: skip


def not_on_purpose(found: set[Found]) -> set[Found]:
    """Those that are not in `RETURNED_ON_PURPOSE`."""
    return {
        each
        for each in found
        if not any(
            each.canary in names and re.fullmatch(pattern, each.place)
            for pattern, names in RETURNED_ON_PURPOSE.items()
        )
    }


def post(api: httpx.Client, app: str, canary: str, **members: Any) -> str:
    """Post a message with a canary in its payload; gives its id."""
    body = {"eventType": "invoice.paid", "payload": {"card": canary}} | members
    answer = api.post(f"{app}/msg", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ended(api: httpx.Client, app: str, message: str, endpoint: str, count: int) -> None:
    """Wait until an endpoint has so many attempts on record."""
    path = f"{app}/attempt/endpoint/{endpoint}"

    def recorded() -> bool:
        made = api.get(path, params={"limit": 100}).json()["data"]
        return len([each for each in made if each["msgId"] == message]) >= count

    until(recorded, WAIT_S, f"{count} attempts at {endpoint} are on record")


def receive_one(objects: Objects, world: World) -> None:
    """Have a source receive a webhook, and refuse one."""
    body = json.dumps({"card": world.payload}).encode()
    secret = str(world.canaries.values["secret of a source"]).encode()
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    path = objects.ingest_url.removeprefix("http://127.0.0.1:9")
    url = world.platform.running("gateway").url + path
    for signed, status in ((signature, 202), ("0" * 64, 401)):
        headers = {
            "content-type": "application/json",
            "x-github-event": "push",
            "x-github-delivery": uuid4().hex,
            "x-hub-signature-256": f"sha256={signed}",
        }
        answer = httpx.post(url, content=body, headers=headers, trust_env=False)
        assert answer.status_code == status, answer.text
    world.echo.wait_for("/ok/ingest")


def sign_in(world: World, api: httpx.Client) -> None:
    """Sign somebody in to the console with OpenID Connect."""
    verifier = token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = urlsafe_b64encode(digest).decode().rstrip("=")
    begun = api.post("/auth/oidc", json={"challenge": challenge})
    given = world.provider.sign_in(begun.json()["authorizationUrl"], "ada")
    came_back = api.get("/auth/oidc/callback", params=given)
    assert came_back.status_code == 303, came_back.text
    code = dict(parse_qsl(urlsplit(came_back.headers["location"]).fragment))["code"]
    body = {"code": code, "verifier": verifier}
    token = api.post("/auth/sign-in", json=body).json()["token"]
    for name, value in {
        "verifier of a sign-in": verifier,
        "code of the provider": given["code"],
        "key of a sign-in": token,
    }.items():
        world.canaries.given(name, value)


def break_each_service(world: World, api: httpx.Client, app: str, objects: Objects) -> None:
    """Have each service fail in the midst of its work, with secrets and payloads at hand."""
    platform = world.platform
    with platform.without_table("gateway", "message"):
        body = {"eventType": "invoice.paid", "payload": {"card": world.payload}}
        answer = api.post(f"{app}/msg", json=body)
        assert answer.status_code >= 500, answer.text
    with platform.without_table("dispatcher", "endpoints"):
        secret = b64encode(os.urandom(24)).decode()
        answer = api.post(f"{app}/endpoint", json={"url": world.echo.url, "secret": secret})
        assert answer.status_code >= 500, answer.text
    with platform.without_table("worker", "attempt"):
        message = post(api, app, world.payload)
        worker = platform.running("worker")
        until(lambda: b"Undefined" in worker.log_path.read_bytes(), WAIT_S, "the worker fails")
    ended(api, app, message, "signed", 1)
    with platform.redis() as redis:
        redis.xadd("messages.accepted:{0}", {"body": json.dumps({"card": world.payload})})
    until(lambda: quarantined(platform), WAIT_S, "the entry is in quarantine")


def quarantined(platform: WatchedPlatform) -> bool:
    with platform.redis() as redis:
        return any(b"quarantine" in key for key in redis.scan_iter())


def read_everything(api: httpx.Client, objects: Objects, message: str) -> None:
    """Send every request that only reads."""
    (attempt,) = api.get(
        f"/app/{objects.ids['app_id']}/attempt/endpoint/signed", params={"limit": 1}
    ).json()["data"]
    ids = {**objects.ids, "msg_id": message, "attempt_id": attempt["id"]}
    operational = ids | {"endpoint_id": objects.ids["operational_id"]}
    base = str(api.base_url).split("/api/v1")[0]
    for path, operations in json.loads(DOCUMENT.read_text())["paths"].items():
        if "get" in operations and path not in STREAMED:
            values = operational if "/operational-webhook/" in path else ids
            # What no id is known of is answered 404, which is searched as well.
            filled = path.format_map(defaultdict(lambda: "none", values))
            answer = api.get(base + filled)
            assert answer.status_code < 500, (filled, answer.text)


def operate(world: World) -> None:
    """Run an operator's commands."""
    platform = world.platform
    for arguments in (
        ("doctor",),
        ("verify", "--until", "now", "--json"),
        ("audit", "export", "default"),
    ):
        assert platform.run(*arguments), arguments


def test_nothing_of_a_person_is_left_anywhere(world: World) -> None:
    platform = world.platform
    platform.complete()
    names = ("subject", "expunged", "member")
    subject, expunged, member = (f"canary-{name}-{uuid4().hex}" for name in names)
    canaries = [
        Canary(name, text) for name, text in zip(names, (subject, expunged, member), strict=True)
    ]
    with world.client() as api:
        by_member = erase_by_metadata(world, api, member)
        task = erase(world, api, subject, expunged)
    rows = task["receipt"]["rows"]
    assert (rows["message"], rows["event_claim"], rows["application"]) == (2, 1, 0)
    assert rows["operational message"] >= 1
    assert rows["attempt"] >= 2 * (1 + 3) + rows["operational message"]
    rows = by_member["receipt"]["rows"]
    assert (rows["message"], rows["event_claim"], rows["application"]) == (2, 1, 1)
    assert rows["attempt"] >= 2
    assert by_member["receipt"]["mayRemain"][-1] == "idempotentAnswers"

    # Services delete the answers that they have read within about a second.
    until(lambda: not find_canaries(canaries, platform.redis_contents()), WAIT_S, "it is in no key")
    assert find_canaries(canaries, platform.dumps()) == set()
    assert find_canaries(canaries, platform.logs() | platform.traces()) == set()

    # Some of it may remain until the operator does what the guide says.
    assert task["receipt"]["mayRemain"] == [
        "databaseDeadRows", "databaseStatistics", "databaseWriteAheadLog",
        "redisAppendOnlyFile", "backups",
    ]  # fmt: skip
    remaining = find_canaries(canaries, platform.append_only_file())
    assert {each.canary for each in remaining} == set(names)
    platform.rewrite_append_only_file()
    assert find_canaries(canaries, platform.append_only_file()) == set()
    # ANALYZE leaves the statistics of a table that has become empty.
    platform.execute(
        "worker",
        f"create table emptied as select '{subject}' as subject from generate_series(1, 100)",
        "analyze emptied",
        "delete from emptied",
    )
    # Rows that a transaction older than their deletion can see outlast a VACUUM.
    until(
        lambda: find_canaries(canaries, vacuumed_files(platform)) == set(),
        60,
        "the data files have nothing of the person",
    )
    name = Canary("name of the application", APPLICATION)
    assert find_canaries([name], platform.data_files())


def vacuumed_files(platform: WatchedPlatform) -> dict[str, bytes]:
    """The databases' files after what the guide says."""
    for service in SERVICES:
        platform.execute(
            service, "delete from pg_statistic", "analyze", "vacuum full", "checkpoint"
        )
    return platform.data_files()


def erase(world: World, api: httpx.Client, subject: str, expunged: str) -> dict[str, Any]:
    """Post messages of a person, read them in every way, and erase them. Gives the data of the
    task that erased them."""
    app = f"/app/{api.post('/app', json={'name': APPLICATION}).json()['id']}"
    for path in ("ok", "fail"):
        endpoint = {"url": f"{world.echo.url}/{path}/persons", "uid": path}
        assert api.post(f"{app}/endpoint", json=endpoint).status_code == 201
    # Operational webhooks repeat the eventId.
    operational = {"url": f"{world.echo.url}/fail/told"}
    assert api.post("/operational-webhook/endpoint", json=operational).status_code == 201
    content = post(api, app, expunged)
    member = {"eventId": f"evt-{subject}", "tags": [subject]}
    messages = [post(api, app, subject, **member), post(api, app, subject, tags=[subject])]
    for message in (content, *messages):
        ended(api, app, message, "ok", 1)
        ended(api, app, message, "fail", 3)
    world.echo.wait_for("/fail/told", 3)
    assert api.get(f"{app}/msg/evt-{subject}").status_code == 200
    found = api.get("/search/messages", params={"tag": subject}).json()["data"]
    assert len(found) == 2
    attempts = api.get(f"{app}/attempt/msg/{messages[0]}").text
    assert subject in attempts
    for service in SERVICES:
        world.platform.execute(service, "analyze")
    until(
        lambda: api.delete(f"{app}/msg/{content}/content").status_code == 204,
        WAIT_S,
        "the content is deleted",
    )
    return erased(api, tag=subject)


def erase_by_metadata(world: World, api: httpx.Client, member: str) -> dict[str, Any]:
    """Create an application that is about a person, with an idempotency key, change it, have it
    receive messages, and erase the person. Gives the data of the task that erased them."""
    metadata = {"customer": member, "plan": "free"}
    created = api.post(
        "/app",
        json={"name": APPLICATION, "metadata": metadata},
        headers={"Idempotency-Key": uuid4().hex},
    )
    app = f"/app/{created.json()['id']}"
    assert api.patch(app, json={"metadata": {"customer": member}}).status_code == 200
    for path, filtered in (("ok", None), ("hang", f'metadata["customer"] != "{uuid4().hex}"')):
        endpoint = {"url": f"{world.echo.url}/{path}/member", "uid": path, "filter": filtered}
        assert api.post(f"{app}/endpoint", json=endpoint).status_code == 201
    more = ({"eventId": f"evt-{member}"}, {"tags": [member]})
    for message in [post(api, app, member, **each) for each in more]:
        ended(api, app, message, "ok", 1)
    data = erased(api, metadata={"key": "customer", "value": member})
    assert api.get(app).json()["metadata"] == {}
    return data


def erased(api: httpx.Client, **subject: Any) -> dict[str, Any]:
    """Erase a person. Gives the data of the task once it has ended."""
    started = api.post("/erasure", json={**subject, "cancelPending": True})
    assert started.status_code == 202, started.text

    def finished() -> dict[str, Any] | None:
        task: dict[str, Any] = api.get(f"/background-task/{started.json()['id']}").json()
        return task["data"] if task["status"] == "finished" else None

    return until(finished, WAIT_S, "the erasure has finished")

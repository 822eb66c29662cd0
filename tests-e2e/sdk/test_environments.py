"""A tenant's configuration, exported from one tenant and imported into another."""

import hmac
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from svix.api import EndpointHeadersIn, EndpointIn, EnvironmentIn, EventTypeIn, Svix, SvixOptions

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252

PASSPHRASE = "correct horse battery"
SECRET = "whsec_" + "q" * 32
HEADERS = {"authorization": "Bearer in-the-header", "x-region": "eu"}
SENDERS_SECRET = "secret-of-the-sender"
GITHUB = {
    "name": "GitHub",
    "uid": "github",
    "type": "github",
    "metadata": {"team": "build"},
    "config": {"secret": SENDERS_SECRET},
}
HOOK = {"url": "http://127.0.0.1:9/hook", "uid": "hook", "secret": SECRET}
SINK_CONFIG = {"url": "http://127.0.0.1:9/sink", "key": SECRET, "headers": HEADERS}
DISABLED = "endpoint.disabled"
SCHEMAS = {"1": {"type": "object", "required": ["id"]}}


@pytest.fixture(scope="module")
def new_key(platform: DevPlatform) -> Callable[[], str]:
    """Makes the key of a new tenant."""

    def make() -> str:
        url = str(platform.state["database_urls"]["gateway"])
        made = run_angarium(
            ["keys", "create", "tests", "--new-tenant", "--tenant", uuid4().hex],
            ANGARIUM_GATEWAY_DATABASE_URL=url,
        )
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    return make


@pytest.fixture(scope="module")
def source_key(platform: DevPlatform, new_key: Callable[[], str]) -> str:
    """The key of a tenant with an event type, a policy, and two applications."""
    key = new_key()
    svix = Svix(key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    svix.event_type.create(EventTypeIn(name="invoice.paid", description="Paid.", schemas=SCHEMAS))
    with api_client(platform.url, key) as api:
        policy = {"retrySchedule": [5, 60], "retentionDays": 30}
        assert api.put("/tenant/policy", json=policy).status_code == 200
        hours = {"payloadRetentionHours": 48}
        assert api.patch("/event-type/invoice.paid", json=hours).status_code == 200
        acme = {"name": "Acme", "uid": "acme", "metadata": {"plan": "pro"}, "weight": 3}
        acme["payloadRetentionHours"] = 24
        assert api.post("/app", json=acme).status_code == 201
        nameless = api.post("/app", json={"name": "Without a uid"}).json()["id"]
        endpoint = {
            "url": "http://127.0.0.1:9/orders",
            "uid": "orders",
            "secret": SECRET,
            "eventTypes": ["invoice.paid"],
            "channels": ["eu"],
            "ordering": "fifo",
            "timeoutSeconds": 5,
            "proxyUrl": "http://user:password@127.0.0.1:9",
        }
        assert api.post("/app/acme/endpoint", json=endpoint).status_code == 201
    svix.endpoint.set_headers("acme", "orders", EndpointHeadersIn(headers=HEADERS))
    svix.endpoint.create(nameless, EndpointIn(url="http://127.0.0.1:9/plain"))
    return key


@pytest.fixture(scope="module")
def receiving_key(platform: DevPlatform, new_key: Callable[[], str]) -> str:
    """The key of a tenant with sources, a stream, and an operational endpoint."""
    key = new_key()
    ingest = "/ingest/api/v1/source"
    with api_client(platform.url, key) as api:
        for path, body in (
            (f"{root_of(api)}{ingest}", GITHUB),
            (f"{root_of(api)}{ingest}", {"name": "Any", "type": "generic-webhook"}),
            ("/app/github/endpoint", HOOK | {"ordering": "fifo", "headers": HEADERS}),
            ("/stream", {"name": "Orders", "uid": "orders", "metadata": {"team": "shop"}}),
            ("/stream/orders/sink", {"type": "poller", "uid": "polled"}),
            ("/stream/orders/sink", {"type": "http", "uid": "pushed", "config": SINK_CONFIG}),
            ("/operational-webhook/endpoint", HOOK | {"uid": "told", "eventTypes": [DISABLED]}),
        ):
            if path == "/app/github/endpoint":
                path = f"/app/{api.get(f'{root_of(api)}{ingest}/github').json()['id']}/endpoint"
            answer = api.post(path, json=body)
            assert answer.status_code == 201, answer.text
    return key


def root_of(api: httpx.Client) -> str:
    """The address without the path of the API."""
    return str(api.base_url).split("/api/v1")[0]


@pytest.fixture
def receiving(platform: DevPlatform, receiving_key: str) -> Iterator[httpx.Client]:
    with api_client(platform.url, receiving_key) as api:
        yield api


@pytest.fixture
def source(platform: DevPlatform, source_key: str) -> Iterator[httpx.Client]:
    with api_client(platform.url, source_key) as api:
        yield api


@pytest.fixture
def target(platform: DevPlatform, new_key: Callable[[], str]) -> Iterator[httpx.Client]:
    with api_client(platform.url, new_key()) as api:
        yield api


def exported(api: httpx.Client, **asked: Any) -> dict[str, Any]:
    answer = api.post("/environment/export", json=asked)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def imported(api: httpx.Client, document: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    answer = api.post("/environment/import", json=document | asked)
    assert answer.status_code == 200, answer.text
    changes: list[dict[str, Any]] = answer.json()["changes"]
    return changes


def told(document: dict[str, Any]) -> dict[str, Any]:
    """The export, without the members in which two tenants of the same configuration differ."""
    applications = [
        {key: value for key, value in application.items() if key not in {"id", "endpoints", "uid"}}
        | {
            "endpoints": [
                {key: value for key, value in endpoint.items() if key not in {"id", "uid"}}
                for endpoint in application["endpoints"]
            ]
        }
        for application in document["applications"]
    ]
    event_types = [
        {key: value for key, value in each.items() if key not in {"createdAt", "updatedAt"}}
        for each in document["eventTypes"]
    ]
    return {
        "applications": applications,
        "eventTypes": event_types,
        "settings": document["settings"],
    }


def test_another_tenant_gets_the_same_configuration_once(
    source: httpx.Client, target: httpx.Client
) -> None:
    document = exported(source)
    first = imported(target, document)
    assert [(each["kind"], each["action"]) for each in first] == [
        ("eventType", "create"),
        ("settings", "update"),
        ("application", "create"),
        ("endpoint", "create"),
        ("application", "create"),
        ("endpoint", "create"),
    ]
    again = imported(target, document)
    assert {each["action"] for each in again} == {"none"}
    copied, wanted = told(exported(target)), told(document)
    # A proxy with its password cannot be exported, so the copy has none to leave out.
    orders = wanted["applications"][0]["endpoints"][0]
    assert orders["leftOut"] == ["headers", "proxyUrl", "secret"]
    orders["leftOut"] = copied["applications"][0]["endpoints"][0]["leftOut"] = []
    assert copied == wanted


def test_a_dry_run_tells_what_differs_and_changes_nothing(
    source: httpx.Client, target: httpx.Client
) -> None:
    document = exported(source)
    told_first = imported(target, document, dryRun=True)
    assert told_first[0] == {
        "kind": "eventType",
        "name": "invoice.paid",
        "action": "create",
        "members": [],
    }
    assert exported(target)["applications"] == []
    imported(target, document)
    orders = document["applications"][0]["endpoints"][0]
    orders |= {"url": "http://127.0.0.1:9/other", "channels": None}
    document["eventTypes"][0]["description"] = "Paid in full."
    before = exported(target)
    changes = imported(target, document, dryRun=True)
    assert [each for each in changes if each["action"] != "none"] == [
        {
            "kind": "eventType",
            "name": "invoice.paid",
            "action": "update",
            "members": ["description"],
        },
        {
            "kind": "endpoint",
            "name": "orders",
            "application": "acme",
            "action": "update",
            "members": ["channels", "url"],
        },
    ]
    assert exported(target) | {"createdAt": ""} == before | {"createdAt": ""}
    imported(target, document)
    changed = exported(target)["applications"][0]["endpoints"][0]
    assert (changed["url"], changed["channels"]) == ("http://127.0.0.1:9/other", None)


def test_secrets_travel_only_encrypted(source: httpx.Client, target: httpx.Client) -> None:
    answer = source.post("/environment/export", json={"secretsPassphrase": PASSPHRASE})
    for secret in (SECRET, SECRET.removeprefix("whsec_"), "in-the-header", PASSPHRASE, "password"):
        assert secret not in answer.text
    document = answer.json()
    imported(target, document, secretsPassphrase=PASSPHRASE)
    key = target.get("/app/acme/endpoint/orders/secret").json()["key"]
    assert key == SECRET
    headers = target.get("/app/acme/endpoint/orders/headers").json()
    assert headers == {"headers": {"x-region": "eu"}, "sensitive": ["authorization"]}
    again = imported(target, document, secretsPassphrase=PASSPHRASE)
    assert {each["action"] for each in again} == {"none"}


@pytest.mark.parametrize("passphrase", ["another passphrase", None])
def test_encrypted_secrets_need_their_passphrase(
    source: httpx.Client, target: httpx.Client, passphrase: str | None
) -> None:
    document = exported(source, secretsPassphrase=PASSPHRASE)
    asked = document | {"secretsPassphrase": passphrase}
    answer = target.post("/environment/import", json=asked)
    assert answer.status_code == 422
    places = [fault["loc"] for fault in answer.json()["detail"]]
    assert places == [
        ["body", "applications", "0", "endpoints", "0", "sealedSecret"],
        ["body", "applications", "1", "endpoints", "0", "sealedSecret"],
    ]


def test_a_refused_object_is_named_and_the_others_are_imported(target: httpx.Client) -> None:
    def application(uid: str, url: str) -> dict[str, Any]:
        return {"name": uid, "uid": uid, "endpoints": [{"url": url, "uid": "hook"}]}

    document = {
        "applications": [
            application("wrong", "ftp://example.com/"),
            application("right", "http://127.0.0.1:9/hook"),
        ],
        "settings": {"retrySchedules": [1]},
    }
    answer = target.post("/environment/import", json=document)
    assert answer.status_code == 422
    places = [fault["loc"] for fault in answer.json()["detail"]]
    assert places == [
        ["body", "settings", "retrySchedules"],
        ["body", "applications", "0", "endpoints", "0", "url"],
    ]
    assert target.get("/app/right/endpoint/hook").json()["url"] == "http://127.0.0.1:9/hook"


def test_an_export_goes_on_where_the_last_one_ended(source: httpx.Client) -> None:
    first = exported(source, limit=1)
    assert (len(first["applications"]), first["done"]) == (1, False)
    second = exported(source, limit=1, iterator=first["iterator"])
    assert [each["name"] for each in second["applications"]] == ["Without a uid"]
    assert (second["done"], second["eventTypes"]) == (True, [])


def test_the_official_sdk_exports_and_imports(
    platform: DevPlatform, source_key: str, new_key: Callable[[], str]
) -> None:
    source = Svix(source_key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    target = Svix(new_key(), SvixOptions(server_url=platform.url, retry_schedule=[]))
    document = source.environment.export()
    assert [each.name for each in document.event_types] == ["invoice.paid"]
    target.environment.import_(EnvironmentIn.model_validate(document.model_dump(by_alias=True)))
    copied = target.environment.export()
    assert copied.settings == document.settings
    assert [each.schemas for each in copied.event_types] == [SCHEMAS]


LISTS = ("sources", "streams", "operationalEndpoints")


def objects_of(document: dict[str, Any]) -> dict[str, Any]:
    """Sources, streams and operational endpoints, without the members in which tenants differ."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: plain(each)
            for name, each in value.items()
            if name not in {"id", "sealedSecret", "sealedHeaders", "sealedConfig"}
            and not (name == "uid" and str(each or "imported.").startswith("imported."))
        }

    return {name: plain(document[name]) for name in LISTS}


def test_sources_streams_and_operational_endpoints_are_copied_once(
    receiving: httpx.Client, target: httpx.Client
) -> None:
    answer = receiving.post("/environment/export", json={"secretsPassphrase": PASSPHRASE})
    for secret in (SECRET, SECRET.removeprefix("whsec_"), SENDERS_SECRET, "in-the-header"):
        assert secret not in answer.text
    document = answer.json()
    planned = imported(target, document, secretsPassphrase=PASSPHRASE, dryRun=True)
    assert objects_of(exported(target)) == {name: [] for name in LISTS}
    first = imported(target, document, secretsPassphrase=PASSPHRASE)
    assert planned == first
    assert [
        (each["kind"], each.get("application"), each["action"])
        for each in first
        if each["kind"] != "settings"
    ] == [
        ("source", None, "create"),
        ("sourceEndpoint", "github", "create"),
        ("source", None, "create"),
        ("stream", None, "create"),
        ("sink", "orders", "create"),
        ("sink", "orders", "create"),
        ("operationalEndpoint", None, "create"),
    ]
    again = imported(target, document, secretsPassphrase=PASSPHRASE)
    assert {each["action"] for each in again} == {"none"}
    copied = exported(target, secretsPassphrase=PASSPHRASE)
    assert objects_of(copied) == objects_of(document)
    # What was encrypted, is there: a webhook that GitHub signs is received.
    ingest_url = target.get(f"{root_of(target)}/ingest/api/v1/source/github").json()["ingestUrl"]
    body = b'{"zen":"x"}'
    signature = hmac.new(SENDERS_SECRET.encode(), body, "sha256").hexdigest()
    for signed, status in ((signature, 202), ("0" * 64, 401)):
        headers = {
            "content-type": "application/json",
            "x-github-event": "push",
            "x-github-delivery": uuid4().hex,
            "x-hub-signature-256": f"sha256={signed}",
        }
        received = httpx.post(ingest_url, content=body, headers=headers, trust_env=False)
        assert received.status_code == status, received.text
    secret = target.get("/operational-webhook/endpoint/told/secret").json()["key"]
    assert secret == target.get("/stream/orders/sink/pushed/secret").json()["key"] == SECRET


def test_what_differs_of_a_source_and_a_stream_is_told_and_changed(
    receiving: httpx.Client, target: httpx.Client
) -> None:
    document = exported(receiving, secretsPassphrase=PASSPHRASE)
    imported(target, document, secretsPassphrase=PASSPHRASE)
    ingest = f"{root_of(target)}/ingest/api/v1/source/github"
    url = target.get(ingest).json()["ingestUrl"]
    github = document["sources"][0]
    github |= {"name": "Git", "config": {"secret": "another"}}
    github["endpoints"][0]["description"] = "builds"
    document["streams"][0]["metadata"] = {}
    document["streams"][0]["endpoints"][0]["disabled"] = True
    document["operationalEndpoints"][0]["eventTypes"] = None
    for asked in ({"dryRun": True}, {}):
        changes = imported(target, document, secretsPassphrase=PASSPHRASE, **asked)
        assert [
            (each["kind"], each["name"], each["members"])
            for each in changes
            if each["action"] == "update"
        ] == [
            ("source", "github", ["config", "name"]),
            ("sourceEndpoint", "hook", ["description"]),
            ("stream", "orders", ["metadata"]),
            ("sink", document["streams"][0]["endpoints"][0]["uid"], ["disabled"]),
            ("operationalEndpoint", "told", ["eventTypes"]),
        ]
    again = imported(target, document, secretsPassphrase=PASSPHRASE)
    assert {each["action"] for each in again} == {"none"}
    changed = target.get(ingest).json()
    assert (changed["name"], changed["metadata"]) == ("Git", {"team": "build"})
    assert changed["ingestUrl"] == url


def test_a_source_without_its_secret_is_refused_until_the_document_has_it(
    receiving: httpx.Client, target: httpx.Client
) -> None:
    document = exported(receiving)
    github, generic = document["sources"]
    assert (github["leftOut"], generic["leftOut"]) == (["secret"], [])
    document["operationalEndpoints"][0]["eventTypes"] = ["endpoint.gone"]
    answer = target.post("/environment/import", json=document)
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["detail"]] == [
        ["body", "sources", "0", "config", "secret"],
        ["body", "operationalEndpoints", "0", "eventTypes", "0"],
    ]
    # All others are imported.
    assert [each["name"] for each in exported(target)["sources"]] == ["Any"]
    github["config"] = {"secret": "typed in"}
    document["operationalEndpoints"][0]["eventTypes"] = [DISABLED]
    actions = [each["action"] for each in imported(target, document)]
    assert actions.count("create") == 3
    # A document without the secret leaves the one that there is.
    github["config"] = {}
    assert {each["action"] for each in imported(target, document)} == {"none"}


@pytest.mark.parametrize("limit", [1, 2])
def test_an_export_goes_on_from_kind_to_kind(receiving: httpx.Client, limit: int) -> None:
    found: list[str] = []
    page = exported(receiving, limit=limit)
    assert len(page["operationalEndpoints"]) == 1
    while True:
        objects = [each["name"] for name in ("sources", "streams") for each in page[name]]
        assert 1 <= len(objects) <= limit
        found += objects
        if page["done"]:
            break
        page = exported(receiving, limit=limit, iterator=page["iterator"])
        assert page["operationalEndpoints"] == []
    assert found == ["GitHub", "Any", "Orders"]

"""A tenant's configuration, exported from one tenant and imported into another."""

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

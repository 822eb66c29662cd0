"""The OpenAPI document."""

from typing import Any

import msgspec
import pytest
from angarium_gateway.adapters.http.reference.request_examples import (
    request_examples,
    sent_fields,
)
from angarium_gateway.adapters.http.strict_json import decode_body

from .conftest import World

OPERATIONS = {
    "v1.application.list", "v1.application.create", "v1.application.get", "v1.application.update",
    "patch_application", "v1.application.delete",
    "v1.endpoint.list", "v1.endpoint.create", "v1.endpoint.get", "v1.endpoint.update",
    "patch_endpoint", "v1.endpoint.delete", "v1.endpoint.get-secret", "v1.endpoint.rotate-secret",
    "v1.endpoint.get-headers", "v1.endpoint.update-headers", "v1.endpoint.patch-headers",
    "v1.destination.list", "v1.destination.create", "v1.destination.get",
    "v1.destination.update", "v1.destination.patch", "v1.destination.delete",
    "v1.destination.rotate-secret",
    "v1.event-type.list", "v1.event-type.create", "v1.event-type.get", "v1.event-type.update",
    "patch_event_type", "v1.event-type.delete", "v1.event-type.import-openapi",
    "v1.event-type.export-openapi", "v1.event-type.export-asyncapi",
    "v1.message.list", "v1.message.create", "v1.message.get",
    "v1.message.create-batch", "v1.message.create-batch-across", "v1.message.precheck",
    "v1.message-attempt.list-by-msg", "v1.message-attempt.list-by-endpoint",
    "v1.message-attempt.list-attempted-destinations",
    "v1.message-attempt.list-attempted-messages",
    "v1.message-attempt.resend", "v1.endpoint.recover", "v1.endpoint.replay-missing",
    "v1.endpoint.bulk-replay", "v1.endpoint.send-example", "v1.endpoint.get-stats",
    "v1.endpoint.get-delivery-state", "v1.background-task.list", "v1.background-task.get",
    "v1.background-task.cancel",
    "v1.tenant.get-policy", "v1.tenant.update-policy", "v1.audit-log.list",
    "v1.message.expunge-content", "v1.message-attempt.expunge-content",
    "v1.message.cancel", "v1.message-attempt.cancel", "v1.endpoint.cancel-pending",
    "v1.operational-webhook.endpoint.list", "v1.operational-webhook.endpoint.create",
    "v1.operational-webhook.endpoint.get", "v1.operational-webhook.endpoint.update",
    "v1.operational-webhook.endpoint.delete", "v1.operational-webhook.endpoint.get-headers",
    "v1.operational-webhook.endpoint.update-headers",
    "v1.operational-webhook.endpoint.get-secret", "v1.operational-webhook.endpoint.rotate-secret",
    "v1.admin.tenant.create", "v1.admin.tenant.list", "v1.admin.tenant.get",
    "v1.admin.tenant.patch", "v1.admin.tenant.delete",
    "v1.admin.tenant.create-api-key",
    "v1.authentication.app-portal-access", "v1.authentication.dashboard-access",
    "v1.authentication.sign-in", "v1.authentication.list-methods", "v1.authentication.begin-oidc",
    "v1.authentication.logout", "v1.authentication.expire-all", "v1.authentication.whoami",
    "v1.api-key.create", "v1.api-key.list", "v1.api-key.get", "v1.api-key.revoke",
    "v1.ingest.source.list", "v1.ingest.source.create", "v1.ingest.source.get",
    "v1.ingest.source.update", "v1.ingest.source.delete", "v1.ingest.source.rotate-token",
    "v1.ingest.authentication.consumer-portal-access",
    "v1.ingest.endpoint.list", "v1.ingest.endpoint.create", "v1.ingest.endpoint.get",
    "v1.ingest.endpoint.update", "v1.ingest.endpoint.delete", "v1.ingest.endpoint.get-headers",
    "v1.ingest.endpoint.update-headers", "v1.ingest.endpoint.get-secret",
    "v1.ingest.endpoint.rotate-secret",
    "v1.streaming.stream.list",
    "v1.streaming.stream.create",
    "v1.streaming.stream.get",
    "v1.streaming.stream.update",
    "v1.streaming.stream.patch",
    "v1.streaming.stream.delete",
    "v1.streaming.events.create",
    "v1.streaming.events.get",
    "v1.streaming.sink.list",
    "v1.streaming.sink.create",
    "v1.streaming.sink.get",
    "v1.streaming.sink.update",
    "v1.streaming.sink.patch",
    "v1.streaming.sink.delete",
    "v1.streaming.sink-headers-get",
    "v1.streaming.sink-headers-patch",
    "v1.streaming.sink.get-secret",
    "v1.streaming.sink.rotate-secret",
    "v1.streaming.event-type.list",
    "v1.streaming.event-type.create",
    "v1.streaming.event-type.get",
    "v1.streaming.event-type.update",
    "v1.streaming.event-type.patch",
    "v1.streaming.event-type.delete",
    "v1.authentication.stream-portal-access",
    "v1.authentication.stream-logout",
    "v1.authentication.stream-expire-all",
    "v1.integration.list", "v1.integration.create", "v1.integration.get",
    "v1.integration.update", "v1.integration.delete", "v1.integration.rotate-key",
    "v1.message-attempt.get", "v1.health.get", "v1.health.ping",
    "v1.message-attempt.get-headers", "v1.event-stream.application", "v1.event-stream.tenant",
    "v1.endpoint-filter.test", "v1.endpoint.test-filter",
    "v1.message.poller.poll", "v1.message.poller.consumer-poll",
    "v1.message.poller.consumer-seek", "v1.message.poller.list-consumers",
    "v1.message.poller.delete-consumer",
    "v1.search.messages-of-application", "v1.search.messages",
    "v1.search.attempts-of-application", "v1.search.attempts",
    "v1.message.get-raw-payload",
    "v1.statistics.series", "v1.statistics.application-series", "v1.endpoint.get-attempt-stats",
    "v1.statistics.aggregate-app-stats", "v1.statistics.aggregate-event-types",
    "v1.environment.export", "v1.environment.import",
    "v1.message.bulk-expunge-content", "v1.message.expunge-all-contents",
    "v1.erasure.create", "v1.erasure.create-in-application", "v1.erasure.verify-receipt",
    "v1.legal-hold.get", "v1.legal-hold.place", "v1.legal-hold.lift",
    "v1.application.get-legal-hold", "v1.application.place-legal-hold",
    "v1.application.lift-legal-hold",
    "v1.platform.get", "v1.platform.list-findings", "v1.quarantine.list", "v1.quarantine.get",
    "v1.quarantine.get-bytes", "v1.quarantine.replay", "v1.quarantine.drop",
    "v1.statistics.unhealthy-endpoints", "v1.statistics.backlog",
    "v1.quarantine.list-set-aside-batches", "v1.endpoint.preview-redelivery",
    "v1.endpoint.check-url", "v1.event-type-schema.test", "v1.statistics.endpoint-sparklines",
}  # fmt: skip


PUBLIC = {
    "v1.health.get", "v1.health.ping",
    "v1.authentication.sign-in", "v1.authentication.list-methods", "v1.authentication.begin-oidc",
}  # fmt: skip

type Document = dict[str, Any]


@pytest.fixture
async def document(world: World) -> Document:
    world.client.headers.pop("authorization")
    answer = await world.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: Document = answer.json()
    return found


def operations(document: Document) -> list[dict[str, Any]]:
    return [operation for item in document["paths"].values() for operation in item.values()]


def references(value: object) -> set[str]:
    """The references of the document, but those in its examples."""
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if name not in {"example", "examples"}}
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


async def test_the_document_has_every_operation_under_the_name_that_svix_gives_it(
    document: Document,
) -> None:
    assert document["openapi"].startswith("3.1")
    assert {operation["operationId"] for operation in operations(document)} == OPERATIONS
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert document["security"] == [{"HTTPBearer": []}]


async def test_every_reference_of_the_document_leads_somewhere(document: Document) -> None:
    components = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in document["components"][kind]
    }
    assert references(document) <= components
    assert "#/components/schemas/ListResponse_ApplicationOut_" in components


async def test_the_document_tells_how_messages_are_posted(document: Document) -> None:
    create = document["paths"]["/api/v1/app/{app_id}/msg"]["post"]
    body = create["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/MessageIn"}
    answer = create["responses"]["202"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/MessageOut"}
    names = [parameter["name"] for parameter in create["parameters"]]
    assert names == ["app_id", "with_content", "idempotency-key"]
    message = document["components"]["schemas"]["MessageIn"]
    assert set(message["required"]) == {"eventType", "payload"}
    assert message["properties"]["eventType"]["pattern"] == r"^\.*[a-zA-Z0-9\-_][a-zA-Z0-9\-_.]*$"


async def test_the_errors_of_an_operation_are_those_that_it_may_answer_with(
    document: Document,
) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation["operationId"] in PUBLIC:
                assert operation["security"] == []
                of_body = {"403", "413", "414", "415"} if "requestBody" in operation else set()
                assert {*operation["responses"]} - {"200", "204"} == {"422", "503", *of_body}
                continue
            assert "security" not in operation
            responses = set(operation["responses"])
            assert {"401", "422", "503"} <= responses
            assert "400" not in responses
            names = {each["name"] for each in operation.get("parameters", ())}
            may_be_absent = operation["operationId"] == "v1.legal-hold.get"
            named = "{" in path or "app_id" in names
            assert ("404" in responses) == (named or may_be_absent)
            assert ("409" in responses) == (method != "get")
            assert ("413" in responses) == ("requestBody" in operation)
            assert ("415" in responses) == ("requestBody" in operation)
            of_object = path.endswith(("/{app_id}", "/endpoint/{endpoint_id}", "_name}"))
            conditional = of_object and method in {"put", "patch", "delete"}
            assert ("412" in responses) == ("if-match" in names) == conditional
            assert ("410" in responses) == operation["operationId"].endswith(".create")


async def test_every_operation_is_described_and_stands_in_a_section(document: Document) -> None:
    sections = [tag["name"] for tag in document["tags"]]
    assert sections[:4] == ["Application", "Endpoint", "Event Type", "Message"]
    for operation in operations(document):
        assert operation["tags"][0] in sections
        assert operation["summary"]
        assert operation["description"].endswith("."), operation["operationId"]
    used = {operation["tags"][0] for operation in operations(document)}
    assert used == set(sections)


async def test_operations_stand_in_the_order_in_which_they_are_declared(document: Document) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert names[:6] == [
        "v1.application.list", "v1.application.create", "v1.application.get",
        "v1.application.update", "patch_application", "v1.application.delete",
    ]  # fmt: skip
    assert names.index("v1.background-task.list") < names.index("v1.background-task.get")


async def test_every_parameter_and_field_says_what_it_is(document: Document) -> None:
    for operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"].endswith("."), parameter
    for name in ("MessageIn", "ApplicationIn", "EventTypeIn", "RecoverIn"):
        assert document["components"]["schemas"][name]["description"].endswith(".")


async def test_bodies_have_examples(document: Document) -> None:
    for operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["examples"]["basic"]["value"]
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                assert status in {"200", "201", "202"}
                assert "example" in content, operation["operationId"]


async def test_the_examples_of_requests_are_read_by_the_handlers(document: Document) -> None:
    for bodies in request_examples().values():
        for body in bodies.values():
            sent = msgspec.json.encode(sent_fields(body))
            assert decode_body(sent, type(body)) == body

"""Our OpenAPI document against the one that Svix publishes, and against the models of its SDK.

A client of the published interface can send us all that it publishes, and finds in our answers all
that it promises. What is otherwise stands here with its reason.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

import pytest
import svix.models
from angarium_gateway.adapters.http.reference.sdk_calls import SDK_CALLS
from pydantic import BaseModel
from svix.api import Svix

from .conftest import World
from .published_interface import Comparison, Json, Shape

PUBLISHED = Path(__file__).parents[5] / "tests-e2e/sdk/svix-openapi.json"

_BOUNDED: Final = "everything that a client sends is bounded"
_AS_THE_SDK: Final = "the SDKs of version 2 have these values"
_NO_RATE: Final = "a rate of 0 would stop all messages; null removes the limit"
_NOTHING: Final = "an empty filter would match nothing; null removes the filter"
KEPT: Final = {
    "?limit has minimum 1, not 0": "a page of nothing does not move its iterator",
    "?limit has maximum 250, not None": _BOUNDED,
    "?iterator has minLength 1, not None": "an empty text is no iterator",
    "?iterator has maxLength 512, not None": _BOUNDED,
    "?idempotency-key has maxLength 256, not None": _BOUNDED,
    "?idempotency-key has minLength 1, not None": "an empty text is no key",
    "?attempt_id has maxLength 256, not None": _BOUNDED,
    "body.name has minLength 1, not None": "an application cannot be created without a name",
    "body.url has minLength 1, not None": "an empty text is no URL",
    "body.url has maxLength 4096, not 65536": _BOUNDED,
    "body.url has maxLength 4096, not None": _BOUNDED,
    "body.channels has minItems 1, not None": _NOTHING,
    "body.channels has maxItems 10, not None": "the same bound as when it is created",
    "body.eventTypes has minItems 1, not None": _NOTHING,
    "body.featureFlags has maxItems 100, not None": _BOUNDED,
    "body.throttleRate has minimum 1, not 0": _NO_RATE,
    "body.gracePeriodSeconds is None by default, not 86400": "the operator sets the default",
    "body.payloadRetentionPeriod is None by default, not 90": "the operator sets the default",
    "?status is one of 0, 1, 2, 3, 4, not of 0, 1, 2, 3": _AS_THE_SDK,
    "answer 200.data[].status is one of 0, 1, 2, 3, 4, not of 0, 1, 2, 3": _AS_THE_SDK,
    "answer 200.data[].statusText is one of canceled, fail, pending, sending, success, not of fail,"
    " pending, sending, success": _AS_THE_SDK,
    "answer 202.status is one of failed, finished, running, not of running": _AS_THE_SDK,
    "answer 202.task is one of application.purge_content, application.stats, endpoint.bulk-replay,"
    " endpoint.recover, endpoint.replay, event-type.aggregate, not of"
    " endpoint.recover": _AS_THE_SDK,
}
"""Differences of our document from the published one, with their reasons."""


@pytest.fixture
async def ours(world: World) -> Json:
    document: Json = (await world.client.get("/api/v1/openapi.json")).json()
    return document


@pytest.fixture
def comparison(ours: Json) -> Comparison:
    return Comparison(json.loads(PUBLISHED.read_bytes()), ours)


def test_what_is_published_is_taken_and_given(comparison: Comparison) -> None:
    found = list(comparison.differences())
    assert [(operation, fault) for operation, fault in found if fault not in KEPT] == []
    assert KEPT.keys() - {fault for _, fault in found} == set(), "no longer so: remove them"


def test_every_published_operation_is_compared(comparison: Comparison) -> None:
    compared = {name for name, _, _ in comparison.operations()}
    published = {
        f"{method.upper()} {path}"
        for path, item in comparison.published["paths"].items()
        for method in item
        if method != "head"  # every GET answers HEAD, too
    }
    assert published - compared == set()


def test_a_comparison_finds_what_is_missing(comparison: Comparison) -> None:
    schemas = comparison.ours["components"]["schemas"]
    del schemas["ApplicationIn"]["properties"]["uid"]
    schemas["EndpointOut"]["required"].remove("url")
    schemas["EventTypeIn"]["required"].append("schemas")
    faults = {fault for _, fault in comparison.differences()} - KEPT.keys()
    assert faults >= {
        "body.uid is missing",
        "answer 200.url is not always there",
        "body.schemas is required",
    }


def answers(ours: Json) -> Iterator[tuple[str, type[BaseModel], Json]]:
    """Operations with the model that the SDK reads, and our schema of the answer."""
    by_id = {
        operation["operationId"]: operation
        for item in ours["paths"].values()
        for operation in item.values()
    }
    for operation_id, call in SDK_CALLS.items():
        method: Any = Svix("token")
        for part in call.method.split("."):
            method = getattr(method, part)
        model = get_type_hints(method, vars(svix.models))["return"]
        for status, answer in by_id[operation_id]["responses"].items():
            if status.startswith("2") and "content" in answer and model is not type(None):
                yield operation_id, model, answer["content"]["application/json"]["schema"]


def missing(model: type[BaseModel], schema: Json, document: Json) -> Iterator[str]:
    shape = Shape.of(schema, document)
    for name, field in model.model_fields.items():
        member = field.alias or name
        if field.is_required() and member not in shape.required:
            yield member
        kinds = [
            kind
            for kind in (field.annotation, *get_args(field.annotation))
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        any_object = any(get_origin(kind) is dict for kind in get_args(field.annotation))
        if (
            kinds
            and not any_object
            and member in shape.members
            and shape.members[member].get("maxItems") != 0
        ):
            its = Shape.of(shape.members[member], document)
            schema_of_it = its.schema.get("items", its.schema)
            # A union, as of the configurations of all kinds, is met by one of its models.
            yield from min((list(missing(kind, schema_of_it, document)) for kind in kinds), key=len)


def test_an_answer_has_what_the_models_of_the_sdk_require(ours: Json) -> None:
    found = [
        (operation, member)
        for operation, model, schema in answers(ours)
        for member in missing(model, schema, ours)
    ]
    assert found == []

"""The code samples of the OpenAPI document. tests-e2e/sdk runs them against a platform."""

import ast
import inspect
from functools import reduce
from typing import Any

import pytest
from angarium_gateway.adapters.http.reference.literals import (
    JSON,
    PYTHON,
    TYPESCRIPT,
    Syntax,
    literal,
)
from angarium_gateway.adapters.http.reference.sdk_calls import SDK_CALLS
from svix.api import Svix

from .conftest import World

type Samples = dict[str, dict[str, list[str]]]


@pytest.fixture
async def samples(world: World) -> Samples:
    """The samples by operation id and language."""
    document = (await world.client.get("/api/v1/openapi.json")).json()
    found: Samples = {}
    for item in document["paths"].values():
        for operation in item.values():
            by_language = found.setdefault(operation["operationId"], {})
            for sample in operation["x-codeSamples"]:
                by_language.setdefault(sample["lang"], []).append(sample["source"])
    return found


async def test_every_operation_has_a_curl_sample(samples: Samples) -> None:
    assert all(of["shell"][0].startswith("curl") for of in samples.values())
    assert len(samples["v1.message.create"]["shell"]) > 1


async def test_operations_that_the_sdks_know_have_samples_in_python_and_typescript(
    samples: Samples,
) -> None:
    for operation_id, of in samples.items():
        known = operation_id in SDK_CALLS
        assert ("python" in of, "typescript" in of) == (known, known)
    assert set(SDK_CALLS) <= set(samples)


async def test_python_samples_call_what_the_sdk_has(samples: Samples) -> None:
    client: Any = Svix("key")
    for operation_id, call in SDK_CALLS.items():
        method: Any = reduce(getattr, call.method.split("."), client)
        (source,) = samples[operation_id]["python"]
        assert f"svix.{call.method}(" in source
        (called,) = [
            node
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"svix.{call.method}"
        ]
        inspect.signature(method).bind(*called.args)


PUBLIC = {
    "v1.authentication.sign-in",
    "v1.authentication.list-methods",
    "v1.authentication.begin-oidc",
}
OF_PLATFORM = ("v1.admin.", "v1.platform.", "v1.quarantine.")


async def test_a_key_is_asked_for_by_every_sample_of_what_is_not_public(samples: Samples) -> None:
    for operation_id, of in samples.items():
        for source in of["shell"]:
            public = operation_id.startswith("v1.health.") or operation_id in PUBLIC
            assert ("Authorization: Bearer $ANGARIUM_" in source) == (not public)
            assert ("$ANGARIUM_PLATFORM_KEY" in source) == operation_id.startswith(OF_PLATFORM)
            assert ("$ANGARIUM_PORTAL_TOKEN" in source) == operation_id.endswith("logout")


async def test_typescript_samples_name_methods_and_members_in_camel_case(samples: Samples) -> None:
    (source,) = samples["v1.message-attempt.list-by-msg"]["typescript"]
    assert 'await svix.messageAttempt.listByMsg("acme", "evt_1001")' in source
    (source,) = samples["v1.message.create"]["typescript"]
    assert 'eventType: "invoice.paid"' in source


@pytest.mark.parametrize(
    ("syntax", "expected"),
    [
        (JSON, '{"a": [1, null, true], "b-c": "x\\"y"}'),
        (PYTHON, '{"a": [1, None, True], "b-c": "x\\"y"}'),
        (TYPESCRIPT, '{ a: [1, null, true], "b-c": "x\\"y" }'),
    ],
)
def test_a_short_literal_stands_on_one_line(syntax: Syntax, expected: str) -> None:
    assert literal({"a": [1, None, True], "b-c": 'x"y'}, syntax) == expected


def test_a_long_literal_stands_on_several_lines() -> None:
    long = {"first": "x" * 50, "second": ["y" * 50]}
    assert literal(long, JSON).splitlines() == [
        "{",
        f'  "first": "{"x" * 50}",',
        f'  "second": ["{"y" * 50}"]',
        "}",
    ]
    assert literal(long, PYTHON).splitlines()[-2].endswith("],")

"""Requests as code, for `x-codeSamples`: curl, and the Svix SDKs for Python and TypeScript."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from angarium_gateway.adapters.http.operation_needs import NEEDS
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.domain.permissions import Permission

from .literals import JSON, PYTHON, TYPESCRIPT, enclosed, literal
from .request_examples import PATH_EXAMPLES, sent_fields
from .sdk_calls import SDK_CALLS, SdkCall

SAMPLE_ORIGIN: Final = "http://127.0.0.1:8080"
"""The address of `make run`. The page shows its own origin in place of it."""
_TOKENS: Final = {
    Permission.MANAGE_PLATFORM: "ANGARIUM_PLATFORM_KEY",
    Permission.READ_PLATFORM: "ANGARIUM_PLATFORM_KEY",
    Permission.MANAGE_QUARANTINE: "ANGARIUM_PLATFORM_KEY",
    Permission.LOG_OUT: "ANGARIUM_PORTAL_TOKEN",
}
"""The variables with the tokens that operations need, where that is no key of a tenant."""
_PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def code_samples(
    path: str, method: str, operation_id: str, bodies: Mapping[str, ApiSchema], *, public: bool
) -> list[dict[str, str]]:
    """Return the samples of an operation: curl always, the SDKs where they know it.

    A `public` operation needs no token. Samples of the others have it in an environment variable.

    There is a curl sample for each of the `bodies`; SDK samples send the first.
    """
    values = [PATH_EXAMPLES[name] for name in _PATH_PARAMETER.findall(path)]
    if operation_id.startswith("v1.operational-webhook."):
        values = [PATH_EXAMPLES["operational_endpoint_id"]] * len(values)
    token = None if public else _TOKENS.get(NEEDS[operation_id], "ANGARIUM_KEY")
    used = iter(values)
    url = SAMPLE_ORIGIN + _PATH_PARAMETER.sub(lambda _: next(used), path)
    samples = [
        _sample("shell", "curl", _curl(method, url, body, token)) | _linked(name, bodies)
        for name, body in bodies.items() or [("", None)]
    ]
    call = SDK_CALLS.get(operation_id)
    if call is not None:
        body = None if call.body is None else next(iter(bodies.values()), None)
        samples.append(_sample("python", "Python", _python(call, values, body, token)))
        samples.append(_sample("typescript", "TypeScript", _typescript(call, values, body, token)))
    return samples


def _sample(language: str, label: str, source: str) -> dict[str, str]:
    return {"lang": language, "label": label, "source": source}


def _linked(name: str, bodies: Mapping[str, ApiSchema]) -> dict[str, str]:
    """Tie a sample to one of several request examples: Scalar shows it with that one."""
    return {"example": name, "contentType": "application/json"} if len(bodies) > 1 else {}


def _curl(method: str, url: str, body: ApiSchema | None, token: str | None) -> str:
    flag = {"get": "", "head": " --head"}.get(method, f" -X {method.upper()}")
    lines = [f"curl{flag} {url}"]
    if token is not None:
        lines.append(f'-H "Authorization: Bearer ${token}"')
    if body is not None:
        text = literal(sent_fields(body), JSON, 1)
        lines += ['-H "Content-Type: application/json"', f"-d '{text}'"]
    return " \\\n  ".join(lines)


def _python(call: SdkCall, values: list[str], body: ApiSchema | None, token: str | None) -> str:
    arguments = [literal(value, PYTHON, 1) for value in values]
    if body is not None:
        given = [
            f"{field.name}={literal(value, PYTHON, 2)}" for field, value in _given_fields(body)
        ]
        arguments.append(enclosed(f"{call.body}(", given, ")", PYTHON, 1))
    result = f"{call.result} = " if call.result else ""
    names = ", ".join(sorted({"Svix", "SvixOptions", *([call.body] if call.body else [])}))
    invoked = enclosed(f"{result}svix.{call.method}(", arguments, ")", PYTHON, 0)
    lines = [
        "import os",
        *(["from datetime import datetime"] if "datetime." in invoked else []),
        "",
        f"from svix.api import {names}",
        "",
        f'api_key = os.environ["{token or "ANGARIUM_KEY"}"]',
        f'svix = Svix(api_key, SvixOptions(server_url="{SAMPLE_ORIGIN}"))',
        invoked,
    ]
    return "\n".join([*lines, f"print({call.result})"] if call.result else lines)


def _typescript(call: SdkCall, values: list[str], body: ApiSchema | None, token: str | None) -> str:
    arguments = [literal(value, TYPESCRIPT) for value in values]
    if body is not None:
        given = {field.encode_name: value for field, value in _given_fields(body)}
        arguments.append(literal(given, TYPESCRIPT))
    method = ".".join(_camel(part) for part in call.method.split("."))
    result = f"const {_camel(call.result)} = " if call.result else ""
    invoked = f"{result}await svix.{method}({', '.join(arguments)})"
    lines = [
        'import { Svix } from "svix";',
        "",
        f"const apiKey = process.env.{token or 'ANGARIUM_KEY'}!;",
        f'const svix = new Svix(apiKey, {{ serverUrl: "{SAMPLE_ORIGIN}" }});',
        f"{invoked};",
    ]
    if call.result:
        lines.append(f"console.log({_camel(call.result)});")
    return "\n".join(lines)


def _given_fields(body: ApiSchema) -> list[tuple[msgspec.structs.FieldInfo, Any]]:
    """The fields that are sent. An object in one is a dictionary: the SDKs take one, whatever they
    call its model."""
    sent = sent_fields(body)
    given = [item for item in msgspec.structs.fields(body) if item.encode_name in sent]
    values = [getattr(body, item.name) for item in given]
    return [
        (item, sent[item.encode_name] if _has_objects(value) else value)
        for item, value in zip(given, values, strict=True)
    ]


def _has_objects(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(isinstance(each, ApiSchema) for each in value)
    return isinstance(value, ApiSchema)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)

"""Payload formats, authentication and CA certificates of endpoints, on both engines."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.configuration import (
    ClientCertificate,
    CreateApplication,
    CreateEndpoint,
    PatchEndpoint,
    ShownAuthentication,
    UpdateEndpoint,
)
from angarium_dispatcher.adapters.streams.wire import endpoint as endpoint_wire
from angarium_dispatcher.adapters.streams.wire import endpoint_state
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"
CANARY = "canary-5e1f0c"
UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
OAUTH = {
    "type": "oauth2",
    "tokenUrl": "https://LOGIN.example.com:443/token#x",
    "clientId": "angarium",
    "clientSecret": CANARY,
    "scope": "a b",
    "authStyle": "post",
}
BASIC = {"type": "basic", "username": "angarium", "password": CANARY}


def a_ca() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Acme CA")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(UNTIL)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


CA = a_ca()


def sealed(bench: Bench, value: Any) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return bench.seal.close(text, TENANT)


@pytest.fixture
async def create(bench: Bench) -> Callable[..., Awaitable[Endpoint]]:
    """Creates the endpoint `one` of the application `acme`."""
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)

    async def create(url: str = URL, **members: Any) -> Endpoint:
        command = CreateEndpoint(TENANT, "acme", url, "one", **members)
        return (await create_endpoint(command, bench.context)).endpoint

    return create


async def test_they_are_kept_sealed_and_shown_without_secrets(bench: Bench, create: Any) -> None:
    made = await create(
        payload_format="cloudevents-binary",
        event_source="https://example.com/billing",
        sealed_authentication=sealed(bench, OAUTH),
        sealed_ca_certificates=sealed(bench, CA),
    )
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found is not None
    assert found == made
    state, shown = endpoint_state(found), endpoint_wire(found)
    assert state.payload_format == shown.payload_format == "cloudevents-binary"
    assert state.event_source == "https://example.com/billing"
    assert state.authentication is not None
    assert CANARY.encode() not in state.authentication
    opened = json.loads(bench.seal.open(state.authentication, made.id))
    assert opened == OAUTH | {"tokenUrl": "https://login.example.com/token"}
    assert state.ca_certificates is not None
    assert bench.seal.open(state.ca_certificates, made.id) == CA
    assert shown.authentication == ShownAuthentication(
        "oauth2",
        token_url="https://login.example.com/token",
        client_id="angarium",
        scope="a b",
        auth_style="post",
    )
    assert shown.ca_certificates == (ClientCertificate("CN=Acme CA", UNTIL),)
    assert CANARY not in repr((shown, state, found))


async def test_an_endpoint_without_them_has_the_defaults(create: Any) -> None:
    state = endpoint_state(await create())
    assert (state.payload_format, state.content_type, state.event_source) == ("plain", None, None)
    assert (state.authentication, state.ca_certificates) == (None, None)


async def test_a_put_keeps_them_and_null_clears_them(bench: Bench, create: Any) -> None:
    await create(
        sealed_authentication=sealed(bench, BASIC), sealed_ca_certificates=sealed(bench, CA)
    )
    put = UpdateEndpoint(TENANT, "acme", "one", URL)
    kept = (await replace_endpoint(put, bench.context)).endpoint
    assert kept.authentication_shown == {"type": "basic", "username": "angarium"}
    assert kept.ca_shown == (("CN=Acme CA", UNTIL),)
    patch = PatchEndpoint(
        TENANT, "acme", "one", sealed_authentication=None, sealed_ca_certificates=None
    )
    cleared = (await patch_endpoint(patch, bench.context)).endpoint
    assert (cleared.sealed_authentication, cleared.authentication_shown) == (None, None)
    assert (cleared.sealed_ca, cleared.ca_shown) == (None, None)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (BASIC | {"username": "a:b"}, "username"),
        (BASIC | {"password": None}, "password"),
        (BASIC | {"password": "a\nb"}, "password"),
        (BASIC | {"token": "t"}, "token"),
        ({"type": "bearer", "token": "a b"}, "token"),
        ({"type": "digest"}, "type"),
        (OAUTH | {"clientSecret": None}, "clientSecret"),
        (OAUTH | {"scope": "a  b"}, "scope"),
        (OAUTH | {"authStyle": "jwt"}, "authStyle"),
        (OAUTH | {"tokenUrl": "http://login.example.com/token"}, "tokenUrl"),
        (OAUTH | {"tokenUrl": "https://169.254.169.254/token"}, "tokenUrl"),
        (OAUTH | {"audience": "a" * 2_049}, "audience"),
    ],
)
async def test_an_authentication_that_cannot_be_used_is_refused_without_its_values(
    bench: Bench, create: Any, given: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        await create(sealed_authentication=sealed(bench, given))
    assert (refusal.value.field, refusal.value.path) == ("sealed_authentication", (path,))
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("pem", [b"PEM", b"", CA[:-80], CA + b"-----BEGIN PRIVATE KEY-----"])
async def test_a_ca_that_cannot_be_used_is_refused(bench: Bench, create: Any, pem: bytes) -> None:
    with pytest.raises(InvalidField) as refusal:
        await create(sealed_ca_certificates=sealed(bench, pem))
    assert refusal.value.field == "sealed_ca_certificates"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"payload_format": "xml"}, "payload_format"),
        ({"payload_format": "thin"}, "payload_format"),
        ({"content_type": "json"}, "content_type"),
        ({"content_type": "a/b\r\nx: y"}, "content_type"),
        ({"content_type": "a/b", "payload_format": "envelope"}, "content_type"),
        ({"event_source": "two words"}, "event_source"),
        ({"event_source": "ü"}, "event_source"),
    ],
)
async def test_formats_that_cannot_be_sent_are_refused(
    create: Any, members: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        await create(**members)
    assert refusal.value.field == field


async def test_thin_events_and_handshakes_need_a_public_url(bench: Bench, create: Any) -> None:
    for members in ({"payload_format": "thin"}, {"handshake": True}):
        with pytest.raises(InvalidField, match="ANGARIUM_PUBLIC_URL"):
            await create(**members)
    limits = replace(bench.context.limits, public_url="https://hooks.example.com")
    bench.context = replace(bench.context, limits=limits)
    made = await create(payload_format="thin", handshake=True)
    assert (made.payload_format, endpoint_state(made).handshake) == ("thin", True)


async def test_a_stream_takes_payloads_as_they_are_only(bench: Bench, create: Any) -> None:
    bench.context = replace(bench.context, limits=replace(bench.context.limits, allow_streams=True))
    stream = "rediss+stream://example.com/0/orders"
    await create(stream, sealed_ca_certificates=sealed(bench, CA))
    for members in (
        {"payload_format": "envelope"},
        {"content_type": "text/plain"},
        {"sealed_authentication": sealed(bench, BASIC)},
    ):
        with pytest.raises(InvalidField, match="stream"):
            await create(stream, **members)

"""How endpoints are sent to, on both engines: headers, secrets in rotation, proxy, certificate."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteEndpoint,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.endpoint_options import (
    DisableEndpoint,
    PatchEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_dispatcher.adapters.streams.wire import endpoint as endpoint_wire
from angarium_dispatcher.adapters.streams.wire import endpoint_state
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.disable_endpoint import disable_endpoint
from angarium_dispatcher.application.endpoints.rotate_secret import rotate_secret
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.endpoints.save_headers import (
    patch_endpoint_headers,
    set_endpoint_headers,
)
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField, NotFound, SecretNotOpened
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROXY = "socks5://user:password@proxy.example.com"


def a_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Acme")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    certificate = builder.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    return certificate.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


PEM = a_pem()


@pytest.fixture
async def create(bench: Bench) -> Callable[..., Awaitable[Endpoint]]:
    """Creates the endpoint `one` of the application `acme`."""
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)

    async def create(**members: Any) -> Endpoint:
        command = CreateEndpoint(TENANT, "acme", URL, "one", **members)
        return (await create_endpoint(command, bench.context)).endpoint

    return create


def sealed(bench: Bench, value: Any) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return bench.seal.close(text, TENANT)


def headers_of(bench: Bench, endpoint: Endpoint) -> Any:
    if endpoint.sealed_headers is None:
        return None
    return json.loads(bench.seal.open(endpoint.sealed_headers, endpoint.id))


async def test_options_are_kept_sealed_and_travel_to_the_worker(bench: Bench, create: Any) -> None:
    made = await create(
        sealed_headers=sealed(bench, {"Authorization": "Bearer abc"}),
        timeout_s=20.0,
        header_names="both",
        sealed_proxy=sealed(bench, PROXY.encode()),
        sealed_client_certificate=sealed(bench, PEM),
    )
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found is not None
    assert found == made
    state, shown = endpoint_state(found), endpoint_wire(found)
    assert (state.timeout_s, state.header_names) == (20.0, "both")
    for kept, plain in (
        (state.headers, b'{"Authorization":"Bearer abc"}'),
        (state.proxy, f"{PROXY}:1080".encode()),
        (state.client_certificate, PEM),
    ):
        assert kept is not None
        assert plain not in kept
        assert bench.seal.open(kept, made.id) == plain
    assert shown.proxy_url == "socks5://proxy.example.com:1080"
    assert shown.client_certificate is not None
    assert shown.client_certificate.subject == "CN=Acme"
    assert shown.client_certificate.expires_at == datetime(2040, 1, 1, tzinfo=UTC)
    assert "password" not in repr(shown)


async def test_an_endpoint_without_options_has_the_defaults(bench: Bench, create: Any) -> None:
    state = endpoint_state(await create())
    assert (state.headers, state.timeout_s, state.header_names) == (None, None, "webhook")
    assert (state.proxy, state.client_certificate, state.secrets_expire_at) == (None, None, ())


async def test_a_put_leaves_options_that_it_does_not_name(bench: Bench, create: Any) -> None:
    made = await create(
        timeout_s=20.0, header_names="svix", sealed_headers=sealed(bench, {"x-a": "1"})
    )
    put = UpdateEndpoint(TENANT, "acme", "one", URL)
    kept = (await replace_endpoint(put, bench.context)).endpoint
    assert (kept.timeout_s, kept.header_names) == (20.0, "svix")
    assert headers_of(bench, kept) == headers_of(bench, made)
    put = UpdateEndpoint(TENANT, "acme", "one", URL, timeout_s=None, header_names="webhook")
    cleared = (await replace_endpoint(put, bench.context)).endpoint
    assert (cleared.timeout_s, cleared.header_names) == (None, "webhook")


async def test_a_patch_sets_and_clears_options(bench: Bench, create: Any) -> None:
    await create(sealed_proxy=sealed(bench, PROXY.encode()), timeout_s=3.0)
    patch = PatchEndpoint(TENANT, "acme", "one", sealed_proxy=None, timeout_s=5.0)
    endpoint = (await patch_endpoint(patch, bench.context)).endpoint
    assert (endpoint.sealed_proxy, endpoint.proxy_shown, endpoint.timeout_s) == (None, None, 5.0)


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"timeout_s": 0.5}, "timeout_s"),
        ({"timeout_s": 31.0}, "timeout_s"),
        ({"header_names": "other"}, "header_names"),
        ({"sealed_proxy": b"ftp://user:password@proxy"}, "proxy_url"),
        ({"sealed_proxy": b"socks5://user:password@10.0.0.1"}, "proxy_url"),
        ({"sealed_proxy": b"http://user:password@[::1]:3128"}, "proxy_url"),
        ({"sealed_client_certificate": b"password"}, "client_certificate"),
        ({"sealed_headers": b'{"Host": "password"}'}, "headers.Host"),
        ({"sealed_headers": b'{"x": "password\\n"}'}, "headers.x"),
        ({"sealed_headers": b'{"a b": "password"}'}, "headers"),
        ({"sealed_headers": b"[]"}, "headers"),
    ],
)
async def test_an_option_that_cannot_be_used_is_refused_without_being_repeated(
    bench: Bench, create: Any, members: dict[str, Any], at: str
) -> None:
    given = {
        name: sealed(bench, value) if isinstance(value, bytes) else value
        for name, value in members.items()
    }
    with pytest.raises(InvalidField) as refused:
        await create(**given)
    assert refused.value.field == at
    assert "password" not in str(refused.value)


async def test_an_endpoints_own_proxy_must_be_allowed_as_its_host_must(
    bench: Bench, create: Any
) -> None:
    with pytest.raises(InvalidField) as refused:
        await create(sealed_proxy=sealed(bench, b"http://10.0.0.1:3128"))
    assert str(refused.value) == (
        "10.0.0.1 is not allowed: private. Use a public address, or ask the operator to add its"
        " network to ANGARIUM_EGRESS_ALLOWED_NETWORKS."
    )
    # What the worker could not send to its proxy is no proxy here either.
    with pytest.raises(InvalidField, match="no control characters") as refused:
        await create(sealed_proxy=sealed(bench, b"http://user%0a:hunter2@proxy.example"))
    assert refused.value.field == "proxy_url"
    assert "hunter2" not in str(refused.value)


async def test_headers_are_replaced_and_patched_whatever_their_case(
    bench: Bench, create: Any
) -> None:
    await create()
    first = SetEndpointHeaders(TENANT, "acme", "one", sealed(bench, {"X-A": "1", "X-B": "2"}))
    saved = await set_endpoint_headers(first, bench.context)
    assert headers_of(bench, saved.endpoint) == {"X-A": "1", "X-B": "2"}
    assert saved.endpoint.version == saved.application.version == 3
    patch = PatchEndpointHeaders(
        TENANT, "acme", "one", sealed(bench, {"x-a": "3", "X-B": None, "X-C": "4"})
    )
    patched = (await patch_endpoint_headers(patch, bench.context)).endpoint
    assert headers_of(bench, patched) == {"x-a": "3", "X-C": "4"}
    empty = SetEndpointHeaders(TENANT, "acme", "one", sealed(bench, {}))
    assert (await set_endpoint_headers(empty, bench.context)).endpoint.sealed_headers is None
    too_many = {f"x-{n}": "v" for n in range(51)}
    with pytest.raises(InvalidField, match="at most 50"):
        await set_endpoint_headers(
            SetEndpointHeaders(TENANT, "acme", "one", sealed(bench, too_many)), bench.context
        )


async def test_headers_sealed_for_another_or_of_no_endpoint_are_refused(
    bench: Bench, create: Any
) -> None:
    await create()
    foreign = bench.seal.close(b"{}", b"x" * 16)
    with pytest.raises(SecretNotOpened):
        await set_endpoint_headers(
            SetEndpointHeaders(TENANT, "acme", "one", foreign), bench.context
        )
    with pytest.raises(NotFound):
        await set_endpoint_headers(
            SetEndpointHeaders(TENANT, "acme", "two", sealed(bench, {})), bench.context
        )


async def test_a_rotated_secret_signs_on_for_its_grace(bench: Bench, create: Any) -> None:
    made = await create()
    command = RotateEndpointSecret(TENANT, "acme", "one", sealed(bench, SECRET.encode()), 60)
    saved = await rotate_secret(command, bench.context)
    newest, before = saved.endpoint.sealed_secrets
    assert bench.seal.open(newest, made.id) == SECRET.encode()
    assert before == made.sealed_secrets[0]
    never, ends_at_s = saved.endpoint.secrets_expire_at
    assert never == 0
    assert ends_at_s == pytest.approx(saved.endpoint.updated_at.timestamp() + 60)
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found == saved.endpoint
    assert endpoint_state(found).secrets_expire_at == saved.endpoint.secrets_expire_at


async def test_a_rotation_without_a_key_makes_one_and_takes_the_configured_grace(
    bench: Bench, create: Any
) -> None:
    await create()
    saved = await rotate_secret(RotateEndpointSecret(TENANT, "acme", "one"), bench.context)
    assert len(saved.endpoint.sealed_secrets) == 2
    ends_at = saved.endpoint.updated_at + timedelta(days=1)
    assert saved.endpoint.secrets_expire_at[1] == pytest.approx(ends_at.timestamp())
    ended = await rotate_secret(RotateEndpointSecret(TENANT, "acme", "one", None, 0), bench.context)
    assert len(ended.endpoint.sealed_secrets) == 2


async def test_a_bad_key_is_refused_by_its_own_name(bench: Bench, create: Any) -> None:
    await create()
    command = RotateEndpointSecret(TENANT, "acme", "one", sealed(bench, b"whsec_short"))
    with pytest.raises(InvalidField) as refused:
        await rotate_secret(command, bench.context)
    assert refused.value.field == "key"


async def test_an_endpoint_that_is_gone_is_disabled_once_with_its_reason(
    bench: Bench, create: Any
) -> None:
    made = await create()
    command = DisableEndpoint(
        TENANT, made.application_id, made.id, made.version, "it answered 410 Gone"
    )
    for _ in range(2):
        await disable_endpoint(command, bench.context)
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found is not None
    assert (found.disabled, found.disabled_reason) == (True, "it answered 410 Gone")
    assert found.version == made.version + 1
    assert bench.announcer.changes[-1].endpoints == (found,)
    enabled = await patch_endpoint(
        PatchEndpoint(TENANT, "acme", "one", disabled=False), bench.context
    )
    assert (enabled.endpoint.disabled, enabled.endpoint.disabled_reason) == (False, None)
    await disable_endpoint(command, bench.context)
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found == enabled.endpoint


async def test_disabling_what_does_not_exist_changes_nothing(bench: Bench, create: Any) -> None:
    made = await create()
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "one"), bench.context)
    announced = len(bench.announcer.changes)
    application_id = made.application_id
    for tenant, app in ((TENANT, application_id), (b"x" * 16, application_id), (TENANT, b"x")):
        await disable_endpoint(DisableEndpoint(tenant, app, made.id, 99, "gone"), bench.context)
    assert len(bench.announcer.changes) == announced


async def test_a_tombstone_keeps_no_option(bench: Bench, create: Any) -> None:
    await create(
        timeout_s=20.0,
        header_names="both",
        sealed_headers=sealed(bench, {"x-a": "1"}),
        sealed_proxy=sealed(bench, PROXY.encode()),
        sealed_client_certificate=sealed(bench, PEM),
    )
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "one"), bench.context)
    (tombstone,) = bench.announcer.changes[-1].endpoints
    state = endpoint_state(tombstone)
    assert (state.headers, state.proxy, state.client_certificate) == (None, None, None)
    assert (state.timeout_s, state.header_names, state.secrets) == (None, "webhook", ())

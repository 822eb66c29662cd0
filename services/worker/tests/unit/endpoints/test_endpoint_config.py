"""How an endpoint's options change what is sent to it."""

import base64
import json
from math import inf
from typing import Any

import pytest
from angarium_signing import PrivateKey, SigningSecret, verify
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint, Unusable
from angarium_worker.domain.attempt_result import Accepted, FailureReason, without_answer

SECRETS = [b"whsec_" + base64.b64encode(bytes([n]) * 24) for n in range(3)]
NOW_S = 1_700_000_000
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def _sent(rig: Any, endpoint: bytes, **members: Any) -> Any:
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint], **members))
    return rig.sender.sent[-1].request


async def test_custom_headers_go_along(rig: Any) -> None:
    headers = json.dumps({"X-Tenant": "acme"}).encode()
    request = await _sent(rig, rig.add_endpoint(headers=headers))
    assert ("X-Tenant", "acme") in request.headers
    assert ("content-type", "application/json") in request.headers


@pytest.mark.parametrize(
    ("names", "prefixes"),
    [("webhook", {"webhook"}), ("svix", {"svix"}), ("both", {"webhook", "svix"})],
)
async def test_signature_headers_have_the_names_that_the_endpoint_wants(
    rig: Any, names: str, prefixes: set[str]
) -> None:
    request = await _sent(rig, rig.add_endpoint(header_names=names))
    headers = dict(request.headers)
    assert {name.partition("-")[0] for name in headers} - {"content"} == prefixes
    for prefix in prefixes:
        secret = SigningSecret(b"s" * 24)
        verify(headers, request.body, [secret], NOW_S, header_prefix=prefix)


async def test_timeout_proxy_and_certificate_are_the_endpoints_own(rig: Any) -> None:
    proxy = "socks5://user:password@proxy:1080"
    endpoint = rig.add_endpoint(timeout_s=3.5, proxy=proxy.encode(), client_certificate=b"PEM")
    request = await _sent(rig, endpoint)
    assert (request.timeout_s, request.proxy) == (3.5, proxy)
    assert request.client_certificate == b"PEM"
    assert "password" not in repr(rig.cache.get(endpoint, 1))
    request = await _sent(rig, rig.add_endpoint())
    assert (request.timeout_s, request.proxy, request.client_certificate) == (15.0, None, None)


async def test_a_traced_message_carries_its_trace_and_no_other_does(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    assert ("traceparent", TRACE) in (await _sent(rig, endpoint, trace=TRACE)).headers
    assert "traceparent" not in dict((await _sent(rig, endpoint)).headers)


async def test_secrets_sign_until_they_expire_without_a_new_configuration(rig: Any) -> None:
    endpoint = rig.add_endpoint(
        secrets=tuple(SECRETS), secrets_expire_at=(0.0, NOW_S + 60.0, NOW_S + 30.0)
    )
    for later_s, signatures in ((0, 3), (29, 3), (30, 2), (60, 1), (6_000, 1)):
        rig.now_ns = (NOW_S + later_s) * 1_000_000_000
        headers = dict((await _sent(rig, endpoint)).headers)
        assert len(headers["webhook-signature"].split(" ")) == signatures
        verify(headers, b'{"paid":true}', [SigningSecret(b"\0" * 24)], NOW_S + later_s)


async def test_an_asymmetric_secret_signs_beside_a_symmetric_one(rig: Any) -> None:
    key = PrivateKey(b"k" * 32)
    endpoint = rig.add_endpoint(secrets=(key.reveal().encode(), SECRETS[0]))
    headers = dict((await _sent(rig, endpoint)).headers)
    versions = [part.partition(",")[0] for part in headers["webhook-signature"].split(" ")]
    assert versions == ["v1a", "v1"]
    verify(headers, b'{"paid":true}', [key.public_key], NOW_S)


@pytest.mark.parametrize(
    "members",
    [
        {"secrets": ()},
        {"secrets": (b"whsec_short",)},
        {"header_names": "other"},
        {"proxy": b"\xff"},
        {"secrets_expire_at": (0.0, 1.0)},
    ],
)
async def test_what_cannot_be_used_makes_the_endpoint_unusable(
    rig: Any, members: dict[str, Any]
) -> None:
    endpoint = rig.add_endpoint(**members)
    await rig.know(endpoint)
    assert isinstance(rig.cache.get(endpoint, 1), Unusable)


async def test_an_endpoint_whose_secrets_never_expire_has_no_expiry_to_watch(rig: Any) -> None:
    endpoint = rig.add_endpoint(secrets=tuple(SECRETS[:2]))
    await rig.know(endpoint)
    known = rig.cache.get(endpoint, 1)
    assert isinstance(known, ResolvedEndpoint)
    signatures = known.prepared.signatures
    assert signatures.first_expiry_s == inf
    assert signatures.signers_at(NOW_S) is signatures.signers


async def test_timings_and_channels_are_recorded_with_the_attempt(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await _sent(rig, endpoint, channels=("a", "b"))
    answer = Accepted(200, b"ok", 0.01, 0.008, 0.001, 0.002, 0.003)
    rig.sender.sent[0].on_result(answer)
    await rig.until_settled()
    (row,) = rig.ledger.attempts
    assert row.channels == ("a", "b")
    assert row.timings == (1_000, 2_000, 3_000, 8_000, 10_000)


async def test_a_failure_without_an_answer_records_its_total_time(rig: Any) -> None:
    await _sent(rig, rig.add_endpoint())
    rig.sender.sent[0].on_result(without_answer(FailureReason.CONNECT_TIMED_OUT, "192.0.2.1", 1.5))
    await rig.until_settled()
    (row,) = rig.ledger.attempts
    assert row.failure == "connect_timed_out: 192.0.2.1"
    assert row.timings == (0, 0, 0, 0, 1_500_000)

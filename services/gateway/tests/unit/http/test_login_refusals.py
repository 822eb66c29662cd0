"""Requests whose API key is missing, unknown or revoked."""

import asyncio
import os
from typing import cast

import pytest
from angarium_chassis.http_server.trusted_proxies import TrustedProxies, parse_networks
from angarium_gateway.adapters.http.login_refusals import LoginRefusals
from angarium_gateway.adapters.http.problems import Refused
from angarium_gateway.application.tenants.authentication import Authenticator, LoginFailure
from angarium_gateway.domain.api_tokens import new_token
from angarium_gateway.domain.digests import token_hash
from litestar.types import Scope
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from .conftest import World

PATHS = ("/api/v1/app", "/api/v1/app/acme/msg")


def scope(address: str, forwarded_for: str = "") -> Scope:
    headers = [(b"x-forwarded-for", forwarded_for.encode())]
    return cast("Scope", {"client": (address, 4711), "headers": headers})


def counted() -> float:
    return REGISTRY.get_sample_value("angarium_gateway_failed_logins_total") or 0.0


async def test_failures_are_counted_and_logged_once_a_second_with_their_number() -> None:
    now_s = 100.0
    refusals = LoginRefusals(lambda: now_s)
    before = counted()
    with capture_logs() as lines:
        for _ in range(8):
            with pytest.raises(Refused):
                await refusals.refuse(scope("192.0.2.1"))
        now_s += 1
        with pytest.raises(Refused):
            await refusals.refuse(scope("192.0.2.1"))
    assert counted() - before == 9
    assert [(line["event"], line["failures"]) for line in lines] == [
        ("login.failed", 1),
        ("login.failed", 8),
    ]


async def test_an_address_that_fails_often_waits_and_no_other_does() -> None:
    refusals = LoginRefusals(lambda: 100.0)

    async def refused(address: str) -> None:
        with pytest.raises(Refused):
            await refusals.refuse(scope(address))

    many = [asyncio.create_task(refused("192.0.2.1")) for _ in range(100)]
    await refused("192.0.2.2")
    assert not all(task.done() for task in many)
    await asyncio.gather(*many)


async def test_the_log_tells_why_and_the_answer_does_not(world: World) -> None:
    world.api_keys.failures = {
        token_hash("ang_revoked"): LoginFailure.REVOKED,
        token_hash("ang_expired"): LoginFailure.EXPIRED,
    }
    mistyped = new_token(os.urandom)[:-2]
    tokens = {"ang_revoked": "revoked", "ang_expired": "expired", mistyped: "mistyped"}
    answers = set()
    for token, reason in tokens.items():
        logins = Authenticator(world.api_keys, world.portal_tokens, lambda: 100.0)
        found = await logins.caller(token)
        assert isinstance(found, LoginFailure)
        with capture_logs() as lines, pytest.raises(Refused) as refused:
            await LoginRefusals(lambda: 100.0).refuse(scope("192.0.2.1"), found)
        assert [line["reason"] for line in lines] == [reason]
        answers.add(refused.value.answer)
        headers = {"authorization": f"Bearer {token}"}
        for method, path in (("GET", PATHS[0]), ("POST", PATHS[1])):
            answer = await world.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.content) == (401, refused.value.answer.body)
    assert len(answers) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", [None, "Bearer unknown", "Basic abc"])
async def test_both_doors_count_a_failed_login(
    world: World, path: str, method: str, authorization: str | None
) -> None:
    request = world.client.build_request(method, path)
    del request.headers["authorization"]
    if authorization is not None:
        request.headers["authorization"] = authorization
    before = counted()
    answer = await world.client.send(request)
    assert answer.status_code == 401
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert counted() - before == 1


async def test_behind_a_proxy_a_failure_counts_for_the_client_that_the_proxy_names() -> None:
    refusals = LoginRefusals(lambda: 100.0, TrustedProxies(parse_networks("10.0.0.0/8")))

    async def refused(forwarded_for: str) -> None:
        with pytest.raises(Refused):
            await refusals.refuse(scope("10.0.0.1", forwarded_for))

    with capture_logs() as lines:
        many = [asyncio.create_task(refused(f"203.0.113.{n}, 192.0.2.7")) for n in range(100)]
        await refused("198.51.100.1")
    assert [line["address"] for line in lines] == ["198.51.100.1"]
    assert not all(task.done() for task in many)
    await asyncio.gather(*many)

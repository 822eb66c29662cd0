"""Quotas on messages, at the route that accepts them."""

from angarium_gateway.administration.api_keys import AccessAdministration, TenantQuotas

from .conftest import Door

PAYLOAD = b'{"amount": 1}'
BODY = b'{"eventType": "invoice.paid", "payload": ' + PAYLOAD + b"}"
JSON = {"content-type": "application/json"}


async def limit(door: Door, quotas: TenantQuotas) -> None:
    """Set them before the first request: a caller is remembered for a second."""
    access = AccessAdministration.of(door.database)
    await access.tenants.limit(door.application.tenant_id, quotas)


async def test_messages_and_their_bytes_are_counted(door: Door) -> None:
    await limit(
        door,
        TenantQuotas(messages_per_minute=30, payload_bytes_per_minute=2 * len(PAYLOAD)),
    )
    async with door.client() as client:
        for left in (29, 28):
            answer = await client.post(door.path, content=BODY, headers=JSON)
            assert answer.status_code == 202
            assert f'"messages";r={left};t=' in answer.headers["ratelimit"]
            policy = f'"messages";q=30;w=60, "payload-bytes";q={2 * len(PAYLOAD)};w=60'
            assert answer.headers["ratelimit-policy"] == policy
        refused = await client.post(door.path, content=BODY, headers=JSON)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limit_exceeded")
        assert f"{2 * len(PAYLOAD)} bytes of payloads per minute" in refused.json()["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await door.counts())[0] == 2


async def test_a_refused_message_counts_as_a_request_only(door: Door) -> None:
    await limit(door, TenantQuotas(requests_per_minute=3, messages_per_minute=1))
    async with door.client() as client:
        statuses = [
            (await client.post(door.path, content=body, headers=JSON)).status_code
            for body in (b"{}", BODY, b"{}", BODY)
        ]
    assert statuses == [422, 202, 422, 429]


async def test_without_quotas_no_header_speaks_of_them(door: Door) -> None:
    async with door.client() as client:
        answer = await client.post(door.path, content=BODY, headers=JSON)
    assert answer.status_code == 202
    assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)

"""Endpoints that are streams, through a real worker."""

import json
from base64 import b64encode
from typing import Any

import pytest
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.ids import MESSAGE, format_id
from angarium_signing import SigningSecret, verify

PASSWORD = "hunter2-of-the-customer"
EAGER = ",".join(["50ms"] * 50)


def _stream_url(platform: Any, stream: str) -> str:
    port = platform.redis.connection_pool.connection_kwargs["port"]
    return f"redis+stream://127.0.0.1:{port}/0/{stream}?maxlen=1000"


@pytest.fixture
async def user(platform: Any) -> Any:
    """A user who may append to streams of customers, and do nothing else."""
    await platform.redis.acl_setuser(
        "customer",
        enabled=True,
        passwords=[f"+{PASSWORD}"],
        keys=["customer:*"],
        commands=["+xadd", "+select"],
    )
    yield "customer"
    await platform.redis.acl_deluser("customer")


def _endpoint(platform: Any, user: str) -> bytes:
    """An endpoint whose user and password are its encrypted header."""
    basic = b64encode(f"{user}:{PASSWORD}".encode()).decode()
    endpoint = platform.add_endpoint("/", url=_stream_url(platform, "customer:orders"))
    headers = json.dumps({"Authorization": f"Basic {basic}"}).encode()
    state = platform.dispatcher.endpoints[endpoint]
    platform.dispatcher.endpoints[endpoint] = type(state)(
        **{name: getattr(state, name) for name in state.__struct_fields__}
        | {"headers": platform.sealed(headers, endpoint)}
    )
    return bytes(endpoint)


async def test_a_message_is_retried_until_the_stream_takes_it_with_every_attempt_on_record(
    platform: Any, user: str
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = _endpoint(platform, user)
    await platform.redis.set("customer:orders", "not a stream yet")
    platform.start_worker(stream_destinations=True, retry_schedule=EAGER)
    chunk = platform.chunk([endpoint])
    await platform.publish(chunk)
    await platform.until_rows(platform.attempts, lambda rows: len(rows) >= 2)
    await platform.redis.delete("customer:orders")

    def delivered(rows: list[Any]) -> bool:
        return bool(rows[-1].status == AttemptStatus.SUCCESS)

    *failed, last = await platform.until_rows(platform.attempts, delivered)
    assert [row.number for row in (*failed, last)] == list(range(1, len(failed) + 2))
    reasons = {row.failure for row in failed}
    assert reasons == {"stream_refused: WRONGTYPE: the key holds something that is not a stream"}
    ((entry_id, entry),) = await platform.redis.xrange("customer:orders")
    assert (last.response, last.response_status, last.failure) == (entry_id, 0, None)
    message = chunk.messages[0]
    headers = {name.decode(): value.decode() for name, value in entry.items()}
    assert headers["webhook-id"] == format_id(MESSAGE, message.id)
    assert headers["attempt"] == str(last.number)
    timestamp_s = int(headers["webhook-timestamp"])
    verify(headers, entry[b"payload"], [SigningSecret(b"s" * 24)], timestamp_s)
    assert PASSWORD not in f"{failed} {last} {entry}"
    assert await platform.until_rows(platform.pending, lambda rows: not rows) == []


async def test_a_wrong_password_is_on_record_without_the_password(platform: Any, user: str) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = _endpoint(platform, user)
    await platform.redis.acl_setuser(user, enabled=True, reset_passwords=True)
    platform.start_worker(stream_destinations=True, retry_schedule="1h")
    await platform.publish(platform.chunk([endpoint]))
    (row,) = await platform.until_rows(platform.attempts, bool)
    assert row.failure == "stream_refused: WRONGPASS: the user or the password is wrong"
    assert PASSWORD not in str(row)


async def test_without_the_operators_leave_nothing_goes_to_a_stream(
    platform: Any, user: str
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = _endpoint(platform, user)
    platform.start_worker(retry_schedule="1h")
    await platform.publish(platform.chunk([endpoint]))
    (row,) = await platform.until_rows(platform.attempts, bool)
    assert row.failure.startswith("url_refused: ")
    assert await platform.redis.xlen("customer:orders") == 0

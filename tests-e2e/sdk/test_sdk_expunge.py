"""Content that is deleted through the official SDK is in no database and no Redis key any more."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from svix.api import (
    ApplicationOut,
    EndpointIn,
    MessageAttemptListByMsgOptions,
    MessageGetOptions,
    MessageIn,
    Svix,
)
from svix.exceptions import HttpError
from svix.models import MessageAttemptOut

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252


def places_of(canary: str, platform: DevPlatform) -> list[str]:
    """Every column and every key that contains it."""
    wanted = canary.encode()
    return sorted({*_in_databases(wanted, platform), *_in_redis(wanted, platform)})


def await_places(canary: str, platform: DevPlatform, places: list[str]) -> None:
    """Wait until it is in these places only: the streams have it until its chunk is settled."""
    until(lambda: places_of(canary, platform) == places, WAIT_S, f"it is in {places}")


def _in_databases(wanted: bytes, platform: DevPlatform) -> Iterator[str]:
    for service in ("gateway", "dispatcher", "worker"):
        path = platform.database_path(service)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            names = database.execute("select name from sqlite_master where type = 'table'")
            for (table,) in names.fetchall():
                cursor = database.execute(f'select * from "{table}"')
                columns = [each[0] for each in cursor.description]
                for row in cursor:
                    for column, value in zip(columns, row, strict=True):
                        found = value if isinstance(value, bytes) else str(value).encode()
                        if wanted in found:
                            yield f"{service}.{table}.{column}"


def _in_redis(wanted: bytes, platform: DevPlatform) -> Iterator[str]:
    client: Any = Redis.from_url(str(platform.state["redis_url"]))
    with closing(client) as redis:
        readers = {
            b"string": redis.get,
            b"stream": redis.xrange,
            b"hash": redis.hgetall,
            b"set": redis.smembers,
            b"zset": lambda key: redis.zrange(key, 0, -1),
            b"list": lambda key: redis.lrange(key, 0, -1),
        }
        for key in redis.scan_iter():
            kind = redis.type(key)
            if kind != b"none" and wanted in repr(readers[kind](key)).encode():
                yield f"redis {key.decode()}"


def attempts_of(svix: Svix, application_id: str, message_id: str) -> list[MessageAttemptOut]:
    options = MessageAttemptListByMsgOptions(with_content=True)
    return svix.message_attempt.list_by_msg(application_id, message_id, options).data


def test_nothing_of_a_message_is_left(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver, platform: DevPlatform
) -> None:
    canary = f"canary-{uuid4().hex}"
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/status/500"))
    message = MessageIn(event_type="a", payload={"card": canary}, event_id="evt-1")
    posted = svix.message.create(application.id, message)
    until(
        lambda: len(attempts_of(svix, application.id, posted.id)) >= 2,
        WAIT_S,
        "both endpoints were tried",
    )
    await_places(canary, platform, ["gateway.message.payload", "worker.pending_delivery.payload"])

    svix.message.expunge_content(application.id, "evt-1")

    assert places_of(canary, platform) == []
    whole = MessageGetOptions(with_content=True)
    assert svix.message.get(application.id, posted.id, whole).payload == {"expired": True}
    assert {each.response for each in attempts_of(svix, application.id, posted.id)} == {"EXPUNGED"}
    (failing, _) = svix.endpoint.list(application.id).data
    with pytest.raises(HttpError) as refusal:
        svix.message_attempt.resend(application.id, posted.id, failing.id)
    assert refusal.value.status_code == 409
    svix.message.expunge_content(application.id, posted.id)


def test_the_answer_of_an_attempt_is_deleted(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    posted = svix.message.create(application.id, MessageIn(event_type="a", payload={"a": 1}))
    (attempt,) = until(
        lambda: attempts_of(svix, application.id, posted.id), WAIT_S, "the message is on record"
    )
    svix.message_attempt.expunge_content(application.id, posted.id, attempt.id)
    (after,) = attempts_of(svix, application.id, posted.id)
    assert (after.response, after.response_status_code) == ("EXPUNGED", 200)
    whole = MessageGetOptions(with_content=True)
    assert svix.message.get(application.id, posted.id, whole).payload == {"a": 1}

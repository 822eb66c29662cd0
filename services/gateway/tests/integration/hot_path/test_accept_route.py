"""POST /app/{app_id}/msg over HTTP: what is accepted, and what is refused without a trace."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import httpx
import pytest
from angarium_chassis.database.columns import from_micros
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id, parse_id
from angarium_gateway.adapters.database.expunged_payloads import ExpungedPayloads
from angarium_gateway.adapters.database.tables import message, payload_expiry
from angarium_gateway.adapters.http.accept_route import ENVELOPE_BYTES_MAX, ESCAPED_BYTES_MAX
from sqlalchemy import select

from .bad_bodies import BAD_BODIES, GOOD, payload
from .conftest import PAYLOAD_BYTES_MAX, Door


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "code", "detail"} <= set(problem)
    return problem


async def test_an_accepted_message_is_answered_as_the_svix_api_does(door: Door) -> None:
    posted = GOOD | {"eventId": "e-1", "channels": ["c1", "c2"], "tags": ["t"]}
    before = datetime.now(UTC)
    async with door.client() as client:
        answer = await client.post(door.path, json=posted)
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"id", "eventType", "eventId", "payload", "channels", "tags", "timestamp"}
    assert {name: body[name] for name in posted} == posted
    message_id = parse_id(MESSAGE, body["id"])
    at = datetime.fromisoformat(body["timestamp"])
    assert abs(at - before) < timedelta(seconds=10)
    async with door.database.reading.connect() as connection:
        (row,) = await connection.execute(select(message))
    assert (row.id, row.application_id) == (message_id, door.application.id)


async def test_what_was_left_out_is_null_in_the_answer(door: Door) -> None:
    async with door.client() as client:
        body = (await client.post(door.path + "/", json=GOOD)).json()
    assert (body["eventId"], body["channels"], body["tags"]) == (None, None, None)


async def test_slashes_are_repeated_as_on_other_routes(door: Door) -> None:
    """The SDKs put the path after the server's URL, which may end with a slash."""
    async with door.client() as client:
        server = str(client.base_url).rstrip("/")
        for path in (f"/{door.path}", door.path.replace("/", "//"), f"{door.path}//"):
            answer = await client.post(f"{server}{path}", json=GOOD)
            assert answer.status_code == 202, (path, answer.text)


async def test_the_payload_is_kept_byte_for_byte(door: Door) -> None:
    text = b'{ "big": 12345678901234567890.10,"e":1E2, "u":"\\u00e4\\u0000","a":1,"a":2 }'
    async with door.client() as client:
        answer = await client.post(door.path, content=payload(text))
    assert answer.status_code == 202
    assert text in answer.content
    async with door.database.reading.connect() as connection:
        assert await connection.scalar(select(message.c.payload)) == text


async def test_a_payload_with_a_retention_of_its_own_gets_a_time_to_go(door: Door) -> None:
    async with door.client() as client:
        for retention in ({"payloadRetentionHours": 2}, {"payloadRetentionPeriod": 5}, {}):
            answer = await client.post(door.path, json=GOOD | retention)
            assert answer.status_code == 202, answer.text
    async with door.database.reading.connect() as connection:
        query = select(payload_expiry.c.expires_at).order_by(payload_expiry.c.expires_at)
        hours, days = [from_micros(each) for each in await connection.scalars(query)]
    for at, after in ((hours, timedelta(hours=2)), (days, timedelta(days=5))):
        assert abs(at - datetime.now(UTC) - after) < timedelta(minutes=5)


async def test_a_repeat_after_the_payload_was_deleted_says_so(door: Door) -> None:
    headers = {"idempotency-key": "key-1"}
    async with door.client() as client:
        first = (await client.post(door.path, json=GOOD, headers=headers)).json()
        message_id = parse_id(MESSAGE, first["id"])
        assert message_id is not None
        await ExpungedPayloads(door.database).expunge(door.application.id, message_id)
        again = await client.post(door.path, json=GOOD, headers=headers)
    assert (again.status_code, again.json()) == (202, first | {"payload": {"expired": True}})


async def test_without_content_the_answers_payload_is_empty(door: Door) -> None:
    async with door.client() as client:
        answer = await client.post(door.path, params={"with_content": "false"}, json=GOOD)
    assert (answer.status_code, answer.json()["payload"]) == (202, {})


async def test_a_message_may_come_in_gzip(door: Door) -> None:
    headers = {"content-encoding": "gzip"}
    text = json.dumps(GOOD).encode()
    bomb = json.dumps(GOOD | {"payload": {"a": "a" * 50_000_000}}).encode()
    async with door.client() as client:
        answer = await client.post(door.path, content=gzip.compress(text), headers=headers)
        assert (answer.status_code, answer.json()["payload"]) == (202, GOOD["payload"])
        is_problem(await client.post(door.path, content=text, headers=headers), 422)
        is_problem(await client.post(door.path, content=gzip.compress(bomb), headers=headers), 413)
        key = headers | {"idempotency-key": "k"}
        coded = [gzip.compress(text, level, mtime=level) for level in (1, 9)]
        answers = [await client.post(door.path, content=each, headers=key) for each in coded]
    assert answers[0].json() == answers[1].json()
    assert (await door.counts())[0] == 2


async def test_the_application_may_be_named_by_its_id(door: Door) -> None:
    ref = format_id(APPLICATION, door.application.id)
    async with door.client() as client:
        assert (await client.post(f"/api/v1/app/{ref}/msg", json=GOOD)).status_code == 202


async def test_a_sampled_trace_goes_with_the_message_and_any_other_does_not(door: Door) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    bad = [f"00-{'a' * 32}-{'b' * 16}-00", "x" * 300, f"00-{'A' * 32}-{'b' * 16}-01"]
    async with door.client() as client:
        for value in (trace, *bad):
            answer = await client.post(door.path, json=GOOD, headers={"traceparent": value})
            assert answer.status_code == 202
    async with door.database.reading.connect() as connection:
        traces = list(await connection.scalars(select(message.c.trace).order_by(message.c.id)))
    assert traces == [trace, None, None, None]


async def test_a_bad_body_is_refused_names_the_member_and_changes_nothing(
    door: Door, subtests: pytest.Subtests
) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "k"}
    async with door.client() as client:
        for name, (body, member) in BAD_BODIES.items():
            with subtests.test(name):
                answer = await client.post(door.path, content=body, headers=headers)
                faults = is_problem(answer, 422)["detail"]
                assert all(fault["loc"][0] == "body" and fault["msg"] for fault in faults)
                assert any(member in fault["loc"] for fault in faults), faults
    assert await door.counts() == (0, 0, 0, 0)


async def test_without_a_valid_key_nobody_enters(door: Door, subtests: pytest.Subtests) -> None:
    values = ("", "Bearer", "Bearer wrong", "Basic QQ==", "Bearer \xff\xfe", "Bearer a b")
    async with httpx.AsyncClient(base_url=door.url) as client:
        for value in values:
            with subtests.test(value):
                headers = {b"authorization": value.encode("latin-1")}
                answer = await client.post(door.path, json=GOOD, headers=headers)
                assert "Authorization" in is_problem(answer, 401)["detail"]
                assert answer.headers["www-authenticate"] == "Bearer"
    assert await door.counts() == (0, 0, 0, 0)


async def test_a_request_without_the_header_is_refused_like_one_with_a_wrong_key(
    door: Door,
) -> None:
    async with httpx.AsyncClient(base_url=door.url) as client:
        is_problem(await client.post(door.path, json=GOOD), 401)


async def test_an_unknown_application_is_named(door: Door, subtests: pytest.Subtests) -> None:
    refs = ("nobody", "app_0000000000000000000000", "msg_0000000000000000000000", "...")
    async with door.client() as client:
        for ref in refs:
            with subtests.test(ref):
                answer = await client.post(f"/api/v1/app/{ref}/msg", json=GOOD)
                assert ref in is_problem(answer, 404)["detail"]
    assert await door.counts() == (0, 0, 0, 0)


async def test_what_cannot_be_the_name_of_an_application_is_refused(
    door: Door, subtests: pytest.Subtests
) -> None:
    refs = ("a%20b", "a%2Fb", "%C3%A4", "a%0d%0aX-Evil:1", "a%0a", "a" * 257, "%00", "%ff")
    async with door.client() as client:
        for ref in refs:
            with subtests.test(ref):
                answer = await client.post(f"/api/v1/app/{ref}/msg", json=GOOD)
                assert answer.status_code in {404, 422}
                assert "x-evil" not in answer.headers
                problem = json.dumps(is_problem(answer, answer.status_code))
                assert "app_id" in problem or "/app/" in problem
    assert await door.counts() == (0, 0, 0, 0)


async def test_what_cannot_be_an_idempotency_key_is_refused(
    door: Door, subtests: pytest.Subtests
) -> None:
    async with door.client() as client:
        for key in ("", "k" * 257, "sch\xf6n", "a\tb"):
            with subtests.test(key):
                headers = {b"idempotency-key": key.encode("latin-1")}
                answer = await client.post(door.path, json=GOOD, headers=headers)
                fault = is_problem(answer, 422)["detail"][0]
                assert fault["loc"] == ["header", "idempotency-key"]
    assert await door.counts() == (0, 0, 0, 0)


async def test_a_repeat_under_its_key_gets_the_same_answer_and_stores_nothing(door: Door) -> None:
    headers = {"idempotency-key": "one"}
    posted = GOOD | {"eventId": "e"}
    async with door.client() as client:
        first, *repeats = [
            await client.post(door.path, json=posted, headers=headers) for _ in range(3)
        ]
        other = await client.post(door.path, json=GOOD, headers=headers)
    assert first.status_code == 202
    assert [(repeat.status_code, repeat.content) for repeat in repeats] == [
        (202, first.content)
    ] * 2
    assert is_problem(other, 422)["detail"][0]["loc"] == ["header", "idempotency-key"]
    assert await door.counts() == (1, 1, 1, 1)


async def test_a_repeated_event_id_is_a_conflict_and_stores_nothing(door: Door) -> None:
    posted = GOOD | {"eventId": "e"}
    async with door.client() as client:
        assert (await client.post(door.path, json=posted)).status_code == 202
        problem = is_problem(await client.post(door.path, json=posted), 409)
    assert "e" in problem["detail"]
    assert await door.counts() == (1, 1, 1, 0)


async def test_the_largest_payload_is_accepted_and_one_byte_more_is_not(door: Door) -> None:
    filling = PAYLOAD_BYTES_MAX - len(b'{"a":""}')
    async with door.client() as client:
        largest = payload(b'{"a":"' + b"x" * filling + b'"}')
        assert (await client.post(door.path, content=largest)).status_code == 202
        larger = payload(b'{"a":"' + b"x" * (filling + 1) + b'"}')
        is_problem(await client.post(door.path, content=larger), 413)
    assert (await door.counts())[0] == 1


async def answer_to(door: Door, head: str, *parts: bytes) -> bytes:
    """What the server sends to a request that is written bit by bit and never ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        f"POST {door.path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {door.token}\r\n"
        f"{head}\r\n".encode()
    )
    for part in parts:
        writer.write(part)
        await writer.drain()
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer


async def test_a_body_that_announces_too_much_is_refused_before_it_is_sent(door: Door) -> None:
    size = ESCAPED_BYTES_MAX * PAYLOAD_BYTES_MAX + ENVELOPE_BYTES_MAX + 1
    answer = await answer_to(door, f"content-length: {size}\r\n", b'{"eventType"')
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer


async def test_a_client_that_asks_first_is_refused_without_being_told_to_go_on(
    door: Door,
) -> None:
    answer = await answer_to(door, "content-length: 999999999\r\nexpect: 100-continue\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_large(door: Door) -> None:
    chunk = b"%x\r\n%s\r\n" % (50_000, b" " * 50_000)
    answer = await answer_to(door, "transfer-encoding: chunked\r\n", *[chunk] * 8)
    assert answer.startswith(b"HTTP/1.1 413")
    assert await door.counts() == (0, 0, 0, 0)


async def test_a_raw_payload_of_the_greatest_size_fits_with_its_escapes(door: Door) -> None:
    for text in ('"' * PAYLOAD_BYTES_MAX, "é" * (PAYLOAD_BYTES_MAX // 2)):
        body = GOOD | {"payload": {}, "transformationsParams": {"rawPayload": text}}
        async with door.client() as client:
            answer = await client.post(door.path, content=json.dumps(body))
            assert answer.status_code == 202, answer.text
            assert answer.json()["payload"]["rawPayload"] == text


async def test_a_large_body_that_is_sent_to_its_end_gets_its_answer(door: Door) -> None:
    async with door.client() as client:
        is_problem(await client.post(door.path, content=b" " * 5_000_000), 413)


async def test_broken_headers_change_nothing(door: Door, subtests: pytest.Subtests) -> None:
    heads = (
        "idempotency-key: a\nx-evil: 1\r\ncontent-length: 2\r\n",
        "idempotency-key: a\rx-evil: 1\r\ncontent-length: 2\r\n",
        "content-length: -1\r\n",
        "content-length: 2\r\ncontent-length: 3\r\n",
        "content-length: 2\r\ntransfer-encoding: chunked\r\n",
        "content-length: two\r\n",
    )
    for head in heads:
        with subtests.test(head):
            answer = await answer_to(door, head, b"{}")
            assert answer.startswith(b"HTTP/1.1 4"), answer
    assert await door.counts() == (0, 0, 0, 0)


async def test_a_client_that_goes_away_in_the_middle_leaves_nothing(door: Door) -> None:
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(
            f"POST {door.path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {door.token}\r\n"
            "content-length: 100\r\n\r\n{".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with door.client() as client:
        assert (await client.post(door.path, json=GOOD)).status_code == 202
    assert (await door.counts())[0] == 1


async def test_other_methods_and_paths_go_to_the_rest_of_the_api(door: Door) -> None:
    async with door.client() as client:
        assert (await client.get(door.path)).status_code == 200
        is_problem(await client.put(door.path, json=GOOD), 405)
        is_problem(await client.post(door.path + "/more/of/it", json=GOOD), 404)


async def test_our_own_failure_is_a_problem_without_details(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("angarium_gateway.adapters.http.accept_route.read_message", fail)
    async with door.client() as client:
        answer = await client.post(door.path, json=GOOD)
    problem = is_problem(answer, 500)
    assert "1234" not in json.dumps(problem)


async def test_two_thousand_posts_at_once_are_each_in_the_journal_exactly_once(
    any_door: Door,
) -> None:
    count, connections = 2_000, 64
    numbers = iter(range(count))
    answers: dict[int, str] = {}

    async def post(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            posted = {"eventType": "n", "payload": {"number": number}}
            async with client.post(any_door.url + any_door.path, json=posted) as answer:
                assert answer.status == 202
                answers[number] = (await answer.json())["id"]

    headers = {"authorization": f"Bearer {any_door.token}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        await asyncio.gather(*[post(client) for _ in range(connections)])
    async with any_door.database.reading.connect() as connection:
        rows = (await connection.execute(select(message.c.id, message.c.payload))).all()
    stored = {json.loads(row.payload)["number"]: format_id(MESSAGE, row.id) for row in rows}
    assert len(rows) == count
    assert stored == answers
    published = [one.id for batch in any_door.published for one in batch.messages]
    assert sorted(published) == sorted(row.id for row in rows)
    assert len(any_door.published) < count

"""The receiver calls the handler of an event with what its parameters ask for."""

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import msgspec
import pydantic
import pytest
from angarium_receiver import Answer, Event, Receiver, WebhookRequest
from angarium_receiver.standard_webhooks import sign
from hypothesis import given
from hypothesis import strategies as st

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_800_000_000
PAID = {"type": "invoice.paid", "amount": 1, "card": "4242"}


class Struct(msgspec.Struct):
    amount: int


class Model(pydantic.BaseModel):
    amount: int


@dataclass
class Data:
    amount: int


def request(value: object = PAID, webhook_id: str = "msg_1") -> WebhookRequest:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = sign(SECRET, webhook_id, NOW_S, body)
    return WebhookRequest("POST", "https://example.com/hooks", headers, body)


def new_receiver(**options: Any) -> Receiver:
    return Receiver(SECRET, clock=lambda: NOW_S, **options)


@pytest.mark.parametrize("kind", [Struct, Model, Data])
def test_a_payload_is_decoded_as_its_annotation(kind: type) -> None:
    receiver = new_receiver()
    seen: list[Any] = []

    def paid(invoice: Any, event: Event) -> None:
        seen.extend((invoice, event))

    paid.__annotations__["invoice"] = kind
    receiver.on("invoice.paid")(paid)
    assert receiver.handle(request()).status == 200
    invoice, event = seen
    assert isinstance(invoice, kind)
    assert invoice == kind(amount=1)
    assert (event.id, event.type, event.key) == ("msg_1", "invoice.paid", "msg_1")

    assert receiver.handle(request({**PAID, "amount": "many"})).status == 422
    assert len(seen) == 2


def test_a_mismatch_is_logged_without_what_was_received(caplog: pytest.LogCaptureFixture) -> None:
    receiver = new_receiver()

    @receiver.on("*")
    def handle(invoice: Model) -> None: ...

    receiver.handle(request({"type": "a", "amount": "4242 4242"}))
    assert "amount" in caplog.text
    assert "4242" not in caplog.text


def test_the_payload_of_an_envelope_is_its_member() -> None:
    receiver = new_receiver(payload_at=("data",))
    seen: list[Data] = []

    @receiver.on("invoice.paid")
    def paid(invoice: Data) -> None:
        seen.append(invoice)

    assert receiver.handle(request({"type": "invoice.paid", "data": {"amount": 2}})).status == 200
    assert seen == [Data(2)]
    assert receiver.handle(request()).status == 422
    assert receiver.handle(request(b"no json")).status == 200


def test_events_go_to_their_handler_to_that_of_all_others_or_to_none() -> None:
    receiver = new_receiver()
    seen: list[str] = []

    @receiver.on("invoice.paid", "invoice.voided")
    def invoice(payload: dict[str, Any]) -> None:
        seen.append(payload["type"])

    assert receiver.handle(request({"type": "user.created"})).status == 200
    assert receiver.handle(request(b"[]")).status == 200

    @receiver.on("*")
    def others(event: Event) -> None:
        seen.append(f"other {event.type}")

    for name in ("invoice.paid", "invoice.voided", "user.created"):
        receiver.handle(request({"type": name}))
    receiver.handle(request(b"[]"))
    assert seen == ["invoice.paid", "invoice.voided", "other user.created", "other None"]


def test_an_unverified_request_reaches_no_handler(caplog: pytest.LogCaptureFixture) -> None:
    receiver = new_receiver()

    @receiver.on("*")
    def handle() -> None:
        raise AssertionError

    given = request()
    changed = WebhookRequest("POST", given.url, given.headers, given.body + b" ")
    answer = receiver.handle(changed)
    assert (answer.status, json.loads(answer.body)) == (401, {"error": "signature_mismatch"})
    assert "White space" in caplog.text
    assert given.headers["webhook-signature"] not in caplog.text


def test_a_large_body_is_refused_before_verification() -> None:
    receiver = new_receiver(body_bytes_max=10)
    assert receiver.handle(request(b'"12345678"')).status == 200
    assert receiver.handle(request(b'"123456789"')).status == 413


def test_a_handler_may_answer_itself_and_its_error_passes_through() -> None:
    receiver = new_receiver()

    @receiver.on("a")
    def answered() -> Answer:
        return Answer.json({"text": "Hello"})

    @receiver.on("b")
    def failing() -> None:
        raise RuntimeError("database is down")

    assert receiver.handle(request({"type": "a"})).body == b'{"text":"Hello"}'
    with pytest.raises(RuntimeError, match="database is down"):
        receiver.handle(request({"type": "b"}))


async def test_async_and_blocking_handlers_run_under_asyncio() -> None:
    receiver = new_receiver()
    seen: list[str] = []

    @receiver.on("a")
    async def one() -> None:
        await asyncio.sleep(0)
        seen.append("async")

    @receiver.on("b")
    def other() -> None:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        seen.append("thread")

    assert (await receiver.handle_async(request({"type": "a"}))).status == 200
    assert (await receiver.handle_async(request({"type": "b"}))).status == 200
    assert seen == ["async", "thread"]
    with pytest.raises(TypeError, match="handle_async"):
        receiver.handle(request({"type": "b"}))


async def test_an_async_handler_that_takes_too_long_is_ended() -> None:
    receiver = new_receiver(handle_timeout_s=0.01)
    ended: list[str] = []

    @receiver.on("a")
    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("slow")
            raise

    @receiver.on("b")
    async def own() -> None:
        raise TimeoutError("of the handler itself")

    assert (await receiver.handle_async(request({"type": "a"}))).status == 503
    assert ended == ["slow"]
    with pytest.raises(TimeoutError, match="itself"):
        await receiver.handle_async(request({"type": "b"}))


def test_a_handler_whose_parameters_cannot_be_filled_is_refused_at_once() -> None:
    receiver = new_receiver()

    def two(one: dict[str, Any], other: dict[str, Any]) -> None: ...
    def strange(payload: logging.Logger) -> None: ...
    def session(session: Any) -> None: ...
    def unnamed(*payloads: Any) -> None: ...

    for function in (two, strange, session, unnamed):
        with pytest.raises(TypeError):
            receiver.on("a")(function)
    with pytest.raises(TypeError):
        receiver.on()
    receiver.on("a")(lambda: None)
    with pytest.raises(ValueError, match="already"):
        receiver.on("a")(lambda: None)


def test_an_event_without_an_id_is_known_by_its_body() -> None:
    one = Event("zoom", None, None, request({"a": 1}))
    same = Event("zoom", None, None, request({"a": 1}, "msg_2"))
    other = Event("zoom", None, None, request({"a": 2}))
    assert one.key == same.key != other.key
    long = Event("zoom", "x" * 256, None, request())
    assert len(long.key) <= 255
    assert long.key != Event("zoom", "x" * 257, None, request()).key


@given(one=st.text(min_size=1), other=st.text(min_size=1))
def test_keys_fit_every_database_and_tell_ids_apart(one: str, other: str) -> None:
    keys = [Event("a", each, None, request()).key for each in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    assert all(each.isascii() and each.isprintable() and len(each) <= 255 for each in keys)


def test_a_name_is_short_enough_for_the_inbox() -> None:
    assert new_receiver(name="x" * 64).verify(request()).receiver == "x" * 64
    for name in ("", "x" * 65):
        with pytest.raises(ValueError, match="64"):
            new_receiver(name=name)

"""The fake platform answers the official SDK as the platform does."""

import pytest
from pytest_angarium import FakePlatform
from svix.api import MessageCreateOptions, MessageIn, Svix, SvixOptions
from svix.exceptions import HttpError, HTTPValidationError


@pytest.fixture
def svix(fake_angarium: FakePlatform) -> Svix:
    return Svix("ang_test", SvixOptions(server_url=fake_angarium.url, retry_schedule=[0.01]))


def paid(cents: int = 1, event_id: str | None = None) -> MessageIn:
    return MessageIn(event_type="invoice.paid", payload={"cents": cents}, event_id=event_id)


def test_a_posted_message_is_accepted_and_recorded(svix: Svix, fake_angarium: FakePlatform) -> None:
    answer = svix.message.create("acme", paid(event_id="inv-1"))
    (message,) = fake_angarium.messages
    assert (answer.id, answer.event_id) == (message.id, "inv-1")
    assert (message.application, message.event_type) == ("acme", "invoice.paid")
    assert message.payload == {"cents": 1}
    assert fake_angarium.of_type("invoice.paid") == [message]
    assert fake_angarium.of_type("invoice.voided") == []


def test_an_event_id_is_accepted_once(svix: Svix, fake_angarium: FakePlatform) -> None:
    svix.message.create("acme", paid(event_id="inv-1"))
    with pytest.raises(HttpError) as refused:
        svix.message.create("acme", paid(event_id="inv-1"))
    assert (refused.value.status_code, refused.value.code) == (409, "event_exists")
    svix.message.create("other", paid(event_id="inv-1"))
    assert [each.application for each in fake_angarium.messages] == ["acme", "other"]


def test_an_idempotency_key_is_answered_as_at_first(
    svix: Svix, fake_angarium: FakePlatform
) -> None:
    options = MessageCreateOptions(idempotency_key="key-1")
    first = svix.message.create("acme", paid(), options)
    assert svix.message.create("acme", paid(), options).id == first.id
    assert len(fake_angarium.messages) == 1
    assert fake_angarium.messages[0].idempotency_key == "key-1"
    with pytest.raises(HTTPValidationError, match="another body"):
        svix.message.create("acme", paid(cents=2), options)


def test_a_producer_meets_failures_in_the_order_that_the_test_sets(
    svix: Svix, fake_angarium: FakePlatform
) -> None:
    fake_angarium.fail(503)
    svix.message.create("acme", paid())
    assert len(fake_angarium.messages) == 1
    fake_angarium.fail(503, 429)
    for status in (503, 429):
        answered, _ = fake_angarium.answer("POST", "/api/v1/app/acme/msg/", {}, b"{}")
        assert answered == status
    assert len(fake_angarium.messages) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/app/acme/msg/", b"no json", 422),
        ("POST", "/api/v1/app/acme/msg/", b"[]", 422),
        ("POST", "/api/v1/app/acme/msg/", b'{"eventType":"a"}', 422),
        ("POST", "/api/v1/app/acme/endpoint/", b"{}", 404),
        ("GET", "/api/v1/app/acme/msg/", b"", 404),
        ("POST", "/api/v1/app/acme/msg", b'{"eventType":"a","payload":1}', 202),
    ],
)
def test_other_requests_are_refused(
    fake_angarium: FakePlatform, method: str, path: str, body: bytes, status: int
) -> None:
    key = {"authorization": "Bearer ang_test"}
    assert fake_angarium.answer(method, path, key, body)[0] == status
    assert fake_angarium.answer(method, path, {}, body)[0] == 401
    assert len(fake_angarium.messages) == (1 if status == 202 else 0)

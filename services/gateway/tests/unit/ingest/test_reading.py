"""What a webhook tells of itself becomes an event type and an eventId, or the answer to a
challenge."""

import hashlib
import hmac
import re
from typing import Any

import pytest
from angarium_gateway.adapters.http.schemas.fields import EVENT_ID_PATTERN, NEW_NAME_PATTERN
from angarium_gateway.domain.ingest.reading import (
    answer_to_challenge,
    answer_to_subscription,
    event_id_of,
    event_type_of,
    members_of,
)
from angarium_gateway.domain.ingest.source_types import RULES, Challenge, SourceType
from angarium_gateway.domain.ingest.verification import ReceivedWebhook, SourceConfig
from hypothesis import given
from hypothesis import strategies as st


def names(kind: SourceType, headers: dict[str, str], body: bytes) -> tuple[str, str | None]:
    webhook, rules = ReceivedWebhook("POST", "", headers, {}, body), RULES[kind]
    members = members_of(body)
    return (
        event_type_of(kind, rules, webhook, members),
        event_id_of(kind, rules, webhook, members),
    )


@pytest.mark.parametrize(
    ("kind", "headers", "body", "expected"),
    [
        ("generic-webhook", {}, b"[]", ("generic-webhook", None)),
        (
            "github",
            {"x-github-event": "push", "x-github-delivery": "72d3162e-cc78"},
            b"{}",
            ("github.push", "github.72d3162e-cc78"),
        ),
        ("stripe", {}, b'{"type":"a.b","id":"evt_1"}', ("stripe.a.b", "stripe.evt_1")),
        (
            "shopify",
            {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "b54"},
            b"{}",
            ("shopify.orders.create", "shopify.b54"),
        ),
        ("slack", {}, b'{"event":{"type":"m"},"event_id":"E"}', ("slack.m", "slack.E")),
        ("svix", {"svix-id": "msg_1"}, b'{"type":"u"}', ("svix.u", "svix.msg_1")),
        ("clerk", {"webhook-id": "msg_1"}, b"no JSON", ("clerk", "clerk.msg_1")),
        ("stripe", {}, b'{"type":7,"id":{}}', ("stripe", None)),
        ("stripe", {}, b'{"type":"...","id":"a b"}', ("stripe", None)),
        ("github", {"x-github-event": "é/" * 300}, b"{}", ("github", None)),
        ("github", {"x-github-delivery": "a" * 300}, b"{}", ("github", None)),
    ],
)
def test_the_event_is_named_by_the_sender(
    kind: str, headers: dict[str, str], body: bytes, expected: tuple[str, str | None]
) -> None:
    assert names(SourceType(kind), headers, body) == expected


@given(kind=st.sampled_from(SourceType), text=st.text(), body=st.binary())
def test_names_are_always_those_that_the_api_allows(
    kind: SourceType, text: str, body: bytes
) -> None:
    headers = {
        name: text for name in (RULES[kind].event_header, RULES[kind].id_header) if name is not None
    }
    event_type, event_id = names(kind, headers, body)
    assert re.search(NEW_NAME_PATTERN, event_type)
    assert len(event_type) <= 256
    assert event_id is None or (re.search(EVENT_ID_PATTERN, event_id) and len(event_id) <= 256)


SECRET = SourceConfig(secret="s", verify_token="v")


@pytest.mark.parametrize(
    ("challenge", "members", "answer"),
    [
        (Challenge.SLACK, {"type": "url_verification", "challenge": "c"}, {"challenge": "c"}),
        (Challenge.SLACK, {"type": "event_callback", "challenge": "c"}, None),
        (Challenge.SLACK, {"type": "url_verification", "challenge": "<script> "}, None),
        (Challenge.SLACK, {"type": "url_verification", "challenge": "c" * 1000}, None),
        (Challenge.SLACK, {"type": "url_verification"}, None),
        (Challenge.ZOOM, {"event": "endpoint.url_validation", "payload": {}}, None),
        (Challenge.ZOOM, {"event": "endpoint.url_validation", "payload": "x"}, None),
        (Challenge.META, {"type": "url_verification", "challenge": "c"}, None),
        (None, {"type": "url_verification", "challenge": "c"}, None),
    ],
)
def test_challenges_are_answered(
    challenge: Challenge | None, members: dict[str, Any], answer: dict[str, str] | None
) -> None:
    assert answer_to_challenge(challenge, SECRET, members) == answer


def test_the_challenge_of_zoom_is_answered_signed() -> None:
    members = {"event": "endpoint.url_validation", "payload": {"plainToken": "q"}}
    signed = hmac.new(b"s", b"q", hashlib.sha256).hexdigest()
    assert answer_to_challenge(Challenge.ZOOM, SECRET, members) == {
        "plainToken": "q",
        "encryptedToken": signed,
    }


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "v", "hub.challenge": "12"}, "12"),
        ({"hub.mode": "subscribe", "hub.verify_token": "w", "hub.challenge": "12"}, None),
        ({"hub.mode": "unsubscribe", "hub.verify_token": "v", "hub.challenge": "12"}, None),
        ({"hub.mode": "subscribe", "hub.verify_token": "v"}, None),
        ({"hub.mode": "subscribe", "hub.verify_token": "é", "hub.challenge": "1"}, None),
        ({}, None),
    ],
)
def test_a_subscription_is_confirmed_with_the_right_token(
    query: dict[str, str], answer: str | None
) -> None:
    assert answer_to_subscription(SECRET, query) == answer
    assert answer_to_subscription(SourceConfig(), query) is None

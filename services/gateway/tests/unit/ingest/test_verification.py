"""Webhooks of each sender are verified as the sender describes it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from angarium_gateway.domain.ingest.source_types import (
    RULES,
    HmacScheme,
    Part,
    SharedSecret,
    SourceType,
    StandardWebhooks,
)
from angarium_gateway.domain.ingest.verification import (
    NotVerified,
    ReceivedWebhook,
    SourceConfig,
    check_secret,
    verify_webhook,
)
from angarium_signing import PrivateKey, signature_headers
from hypothesis import given
from hypothesis import strategies as st

from .signing import NOW_S, STANDARD_SECRET, URL, secret_of, signed_by

BODY = b'{"type": "a.b", "id": "1"}'
SIGNING = [kind for kind in SourceType if RULES[kind].scheme is not None]


def received(
    headers: Mapping[str, str], query: Mapping[str, str] | None = None, body: bytes = BODY
) -> ReceivedWebhook:
    return ReceivedWebhook("POST", URL, headers, query or {}, body)


def webhook_of(kind: SourceType, body: bytes = BODY) -> ReceivedWebhook:
    signed = signed_by(kind, body)
    return received(signed.headers, signed.query, body)


def config_of(kind: SourceType) -> SourceConfig:
    return SourceConfig(secret=secret_of(kind), verify_token="v")


def test_every_type_has_rules_and_every_signing_one_a_secret() -> None:
    assert set(RULES) == set(SourceType)
    for kind in SIGNING:
        rules = RULES[kind]
        assert "secret" in (*rules.required, *rules.optional)
    assert set(SourceType) - set(SIGNING) == {SourceType.GENERIC}


@pytest.mark.parametrize("kind", SIGNING)
def test_what_the_sender_signed_is_verified_and_nothing_else(kind: SourceType) -> None:
    scheme, config, webhook = RULES[kind].scheme, config_of(kind), webhook_of(kind)
    verify_webhook(scheme, config, webhook, NOW_S)

    other = replace(config, secret="whsec_" + "A" * 32)
    with pytest.raises(NotVerified):
        verify_webhook(scheme, other, webhook, NOW_S)
    with pytest.raises(NotVerified):
        verify_webhook(scheme, config, received({}), NOW_S)
    if not isinstance(scheme, SharedSecret):
        with pytest.raises(NotVerified):
            verify_webhook(scheme, config, replace(webhook, body=BODY + b" "), NOW_S)


@pytest.mark.parametrize("kind", SIGNING)
def test_a_signed_time_that_is_long_ago_or_ahead_is_refused(kind: SourceType) -> None:
    scheme, config, webhook = RULES[kind].scheme, config_of(kind), webhook_of(kind)
    timed = isinstance(scheme, StandardWebhooks) or (
        isinstance(scheme, HmacScheme)
        and Part.TIMESTAMP in scheme.content
        and scheme.tolerance_s is not None
    )
    for now_s in (NOW_S + 301, NOW_S - 301):
        if timed:
            with pytest.raises(NotVerified):
                verify_webhook(scheme, config, webhook, now_s)
        else:
            verify_webhook(scheme, config, webhook, now_s)
    verify_webhook(scheme, config, webhook, NOW_S + 299)


@pytest.mark.parametrize("kind", [SourceType.SLACK, SourceType.STRIPE, SourceType.AIRWALLEX])
@pytest.mark.parametrize("time", ["", "now", "-1", "1e9", "9" * 40, "١"])
def test_a_time_that_is_no_number_is_refused(kind: SourceType, time: str) -> None:
    webhook = webhook_of(kind)
    at = str(NOW_S * 1000) if kind is SourceType.AIRWALLEX else str(NOW_S)
    headers = {name: value.replace(at, time) for name, value in webhook.headers.items()}
    with pytest.raises(NotVerified):
        verify_webhook(RULES[kind].scheme, config_of(kind), received(headers), NOW_S)


def test_the_time_of_tailscale_is_checked_if_a_grace_is_given() -> None:
    kind = SourceType.TAILSCALE
    scheme, webhook = RULES[kind].scheme, webhook_of(kind)
    verify_webhook(scheme, config_of(kind), webhook, NOW_S + 1_000_000)
    strict = replace(config_of(kind), timestamp_grace_seconds=10)
    verify_webhook(scheme, strict, webhook, NOW_S + 10)
    with pytest.raises(NotVerified):
        verify_webhook(scheme, strict, webhook, NOW_S + 11)


def test_without_an_optional_secret_nothing_is_checked() -> None:
    verify_webhook(RULES[SourceType.GITHUB].scheme, SourceConfig(), received({}), NOW_S)
    verify_webhook(None, SourceConfig(), received({}), NOW_S)


def test_a_public_key_verifies_what_its_private_key_signed() -> None:
    private = PrivateKey(bytes(32))
    headers = dict(signature_headers([private], "msg_1", NOW_S, BODY))
    config = SourceConfig(secret=private.public_key.text)
    scheme = RULES[SourceType.SVIX].scheme
    verify_webhook(scheme, config, received(headers), NOW_S)
    with pytest.raises(NotVerified):
        verify_webhook(scheme, config, received(headers, body=b"{}"), NOW_S)


@pytest.mark.parametrize(
    ("secret", "is_one"),
    [(STANDARD_SECRET, True), (STANDARD_SECRET[6:], True), ("short", False), ("whpk_x", False)],
)
def test_the_form_of_a_secret_is_checked_where_there_is_one(secret: str, is_one: bool) -> None:
    assert (check_secret(RULES[SourceType.SVIX].scheme, secret) is None) is is_one
    assert check_secret(RULES[SourceType.GITHUB].scheme, secret) is None


def test_the_documented_example_of_github_is_verified() -> None:
    """From GitHub's documentation, "Validating webhook deliveries", section on testing."""
    signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    verify_webhook(
        RULES[SourceType.GITHUB].scheme,
        SourceConfig(secret="It's a Secret to Everybody"),
        received({"x-hub-signature-256": f"sha256={signature}"}, body=b"Hello, World!"),
        NOW_S,
    )


def test_the_documented_example_of_slack_is_verified() -> None:
    """From Slack's documentation, "Verifying requests from Slack"."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015"
        b".47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = {"x-slack-signature": signature, "x-slack-request-timestamp": "1531420618"}
    config = SourceConfig(secret="8f742231b10e8888abcd99yyyzzz85a5")
    verify_webhook(
        RULES[SourceType.SLACK].scheme, config, received(headers, body=body), 1_531_420_618
    )


@pytest.mark.parametrize(("signed", "forged"), [("svix", "webhook-id"), ("clerk", "svix-id")])
def test_an_id_that_is_not_signed_makes_no_new_event(signed: str, forged: str) -> None:
    kind = SourceType(signed)
    webhook = webhook_of(kind)
    other = replace(webhook, headers={**webhook.headers, forged: "msg_2"})
    with pytest.raises(NotVerified, match="differ"):
        verify_webhook(RULES[kind].scheme, config_of(kind), other, NOW_S)


@given(
    kind=st.sampled_from(SIGNING),
    headers=st.dictionaries(
        st.sampled_from(sorted(signed_by(SourceType.SLACK, b"").headers)), st.text()
    ),
    junk=st.text(),
)
def test_junk_is_refused_and_never_an_error(
    kind: SourceType, headers: dict[str, str], junk: str
) -> None:
    names = {*webhook_of(kind).headers, *headers}
    query = dict.fromkeys(webhook_of(kind).query, junk)
    webhook = received(dict.fromkeys(names, junk), query)
    scheme = RULES[kind].scheme
    if isinstance(scheme, SharedSecret) and junk == secret_of(kind):
        return
    with pytest.raises(NotVerified):
        verify_webhook(scheme, config_of(kind), webhook, NOW_S)


def test_docusign_signs_with_each_key_of_the_account() -> None:
    scheme, config = RULES[SourceType.DOCUSIGN].scheme, config_of(SourceType.DOCUSIGN)
    (signature,) = signed_by(SourceType.DOCUSIGN, BODY).headers.values()
    other = "A" * 43 + "="
    for headers in (
        {"x-docusign-signature-1": other, "x-docusign-signature-2": signature},
        {"x-docusign-signature-5": signature},
    ):
        verify_webhook(scheme, config, received(headers), NOW_S)

    with pytest.raises(NotVerified):
        verify_webhook(
            scheme,
            config,
            received({"x-docusign-signature-1": other, "x-docusign-signature-2": other}),
            NOW_S,
        )

"""Each sender's webhooks are verified, and nothing else is."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace

import pytest
from angarium_receiver import (
    SENDERS,
    MalformedSecret,
    MalformedSignature,
    MissingSignature,
    Receiver,
    SignatureMismatch,
    TimestampOutOfTolerance,
    VerificationError,
    WebhookRequest,
)
from angarium_receiver.request import Header
from angarium_receiver.schemes.hmac_scheme import Encoding, HmacScheme
from angarium_receiver.senders import (
    ADYEN,
    DISCORD,
    HUBSPOT,
    LINEAR,
    META,
    PADDLE,
    SLACK,
    STRIPE,
    TWILIO,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from discord_interactions import verify_key
from gidgetlab.exceptions import ValidationFailure
from gidgetlab.sansio import Event as GitLabEvent
from hypothesis import given
from hypothesis import strategies as st
from paddle_billing.Notifications.PaddleSignature import PaddleSignature
from paddle_billing.Notifications.Secret import Secret
from pywa.utils import webhook_updates_validator
from sendgrid import EventWebhook
from slack_sdk.signature import SignatureVerifier
from stripe import WebhookSignature

from libs.receiver.tests import django_project

from .sender_examples import DOCUMENTED, NOW_S, PUBLISHED, SECRET, URL, Example

EXAMPLES = [*PUBLISHED, *DOCUMENTED]
BODY = b'{"type":"invoice.paid","id":"evt_1","event_id":"evt_1","event_type":"invoice.paid"}'
PROVEN_BELOW = {"standard-webhooks", "stripe", "paddle", "discord", "aws-sns", "paypal"}


def receiver(example: Example, *, off_s: float = 0) -> Receiver:
    return Receiver(
        example.secret,
        sender=SENDERS[example.sender],
        clock=lambda: example.now_s + off_s,
    )


def test_every_sender_is_proven() -> None:
    assert {each.sender for each in EXAMPLES} | PROVEN_BELOW == set(SENDERS)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_verified_and_read(example: Example) -> None:
    event = receiver(example).verify(example.request())
    assert event.type == example.event_type
    assert event.id == example.event_id
    assert event.key == example.event_id or event.key.startswith("sha256:")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_another_body_secret_or_no_signature_is_refused(example: Example) -> None:
    known = receiver(example)
    if example.covers_body:
        with pytest.raises(SignatureMismatch):
            known.verify(replace(example.request(), body=example.body.replace(b"e", b"f", 1)))
    with pytest.raises(VerificationError):
        known.verify(replace(example.request(), headers={}, body=b"{}"))
    if example.sender != "sendgrid":
        other = replace(example, secret="00" * 32)
        with pytest.raises(SignatureMismatch):
            receiver(other).verify(example.request())


@pytest.mark.parametrize(
    "example",
    [each for each in EXAMPLES if each.sender in {"slack", "zoom", "hubspot", "linear", "mailgun"}],
    ids=str,
)
def test_an_old_webhook_and_one_of_the_future_are_refused(example: Example) -> None:
    for off_s in (43_201, -43_201):
        with pytest.raises(TimestampOutOfTolerance):
            receiver(example, off_s=off_s).verify(example.request())


@given(amount=st.integers(), text=st.text())
def test_stripe_verifies_what_we_do(amount: int, text: str) -> None:
    body = json.dumps({"amount": amount, "text": text, "id": "evt_1", "type": "a.b"})
    signature = WebhookSignature._compute_signature(f"{NOW_S}.{body}", SECRET)
    header = f"t={NOW_S},v1={'0' * 64},v1={signature},v0=x"
    assert WebhookSignature.verify_header(body, header, SECRET)
    known = Receiver(SECRET, sender=STRIPE, clock=lambda: NOW_S)
    request = WebhookRequest.of("POST", URL, {"Stripe-Signature": header}, body.encode())
    event = known.verify(request)
    assert (event.type, event.id) == ("a.b", "evt_1")
    for other in (f"t={NOW_S + 1},v1={signature}", f"t={NOW_S},v0={signature}"):
        with pytest.raises(SignatureMismatch):
            known.verify(replace(request, headers={"stripe-signature": other}))
    with pytest.raises(MalformedSignature):
        known.verify(replace(request, headers={"stripe-signature": f"v1={signature}"}))


@given(body=st.text())
def test_paddle_verifies_what_we_do(body: str) -> None:
    signature = PaddleSignature.calculate_hmac(SECRET, f"{NOW_S}:{body}".encode()).hexdigest()
    header = f"ts={NOW_S};h1={'0' * 64};h1={signature}"
    assert PaddleSignature().verify(header, body, Secret(SECRET))
    known = Receiver(SECRET, sender=PADDLE, clock=lambda: NOW_S)
    known.verify(WebhookRequest.of("POST", URL, {"Paddle-Signature": header}, body.encode()))


@given(body=st.binary())
def test_discord_verifies_what_we_do(body: bytes) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    signature = key.sign(str(NOW_S).encode() + body).hex()
    assert verify_key(body, signature, str(NOW_S), public)
    known = Receiver(public, sender=DISCORD, clock=lambda: NOW_S)
    headers = {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": str(NOW_S)}
    request = WebhookRequest.of("POST", URL, headers, body)
    known.verify(request)
    with pytest.raises(SignatureMismatch):
        known.verify(replace(request, body=body + b"."))
    with pytest.raises(MalformedSignature):
        known.verify(replace(request, headers={**request.headers, "x-signature-ed25519": "z"}))


def test_slack_and_sendgrid_verify_their_examples_as_we_do() -> None:
    slack = next(each for each in PUBLISHED if each.sender == "slack")
    verifier = SignatureVerifier(slack.secret)
    verifier.clock.now = lambda: slack.now_s  # type: ignore[method-assign]
    assert verifier.is_valid_request(slack.body, dict(slack.headers))
    sendgrid = next(each for each in PUBLISHED if each.sender == "sendgrid")
    signature, timestamp = sendgrid.headers.values()
    verified = EventWebhook(sendgrid.secret).verify_signature(
        sendgrid.body.decode(), signature, timestamp
    )
    assert verified


def test_anymail_verifies_the_webhooks_of_mailgun_as_we_do() -> None:
    django_project.set_up()
    from anymail.exceptions import AnymailWebhookValidationFailure
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView
    from django.test import RequestFactory

    example = next(each for each in DOCUMENTED if each.sender == "mailgun")
    view = MailgunTrackingWebhookView(webhook_signing_key=example.secret)
    posted = RequestFactory().post("/", example.body, content_type="application/json")
    view.validate_request(posted)
    receiver(example).verify(example.request())

    forged = example.body.replace(b"a8ce0edb", b"b8ce0edb")
    with pytest.raises(AnymailWebhookValidationFailure):
        view.validate_request(RequestFactory().post("/", forged, content_type="application/json"))
    with pytest.raises(SignatureMismatch):
        receiver(example).verify(replace(example.request(), body=forged))


def test_gidgetlab_takes_the_token_of_gitlab_as_we_do() -> None:
    example = next(each for each in DOCUMENTED if each.sender == "gitlab")
    headers = {"content-type": "application/json", **example.request().headers}
    event = GitLabEvent.from_http(headers, example.body, secret=example.secret)
    assert event.event == receiver(example).verify(example.request()).type
    with pytest.raises(ValidationFailure):
        GitLabEvent.from_http({**headers, "x-gitlab-token": "x"}, example.body, secret=SECRET)


@given(body=st.binary())
def test_pywa_verifies_the_webhooks_of_meta_as_we_do(body: bytes) -> None:
    signature = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    assert webhook_updates_validator(SECRET, body, f"sha256={signature}")
    assert not webhook_updates_validator(SECRET, body + b".", f"sha256={signature}")
    known = Receiver(SECRET, sender=META)
    request = WebhookRequest.of("POST", URL, {"X-Hub-Signature-256": f"sha256={signature}"}, body)
    known.verify(request)
    with pytest.raises(SignatureMismatch):
        known.verify(replace(request, body=body + b"."))


TWILIO_EXAMPLE = next(each for each in PUBLISHED if each.sender == "twilio")


# https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py
@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://MyCompany.com/myapp.php?foo=1&bar=2", "g9IN/x4Cft2g517EjYvEvM/W7LU="),
        ("https://MyCompany.com:1234/myapp.php?foo=1&bar=2", "PCqOZm8cnu/L6+u5i5fuEd+Iac4="),
    ],
)
def test_twilio_signs_urls_with_and_without_a_port(url: str, signature: str) -> None:
    example = replace(TWILIO_EXAMPLE, url=url, headers={"X-Twilio-Signature": signature})
    receiver(example).verify(example.request())


def test_twilio_counts_a_repeated_value_once() -> None:
    body = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"
    headers = {"X-Twilio-Signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU="}
    example = replace(TWILIO_EXAMPLE, body=body, headers=headers)
    receiver(example).verify(example.request())


def test_twilio_signs_the_hash_of_a_json_body() -> None:
    hashed = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    example = replace(
        TWILIO_EXAMPLE,
        url=f"https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256={hashed}",
        headers={"X-Twilio-Signature": "a9nBmqA0ju/hNViExpshrM61xv4="},
        body=b'{"property": "value", "boolean": true}',
    )
    receiver(example).verify(example.request())
    with pytest.raises(SignatureMismatch, match="bodySHA256"):
        receiver(example).verify(replace(example.request(), body=b"{}"))


def test_twilio_signs_with_the_algorithm_of_a_shared_key() -> None:
    settings = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_1,algorithm=HMAC_SHA256"}
    headers = {**TWILIO_EXAMPLE.headers, **settings}
    with pytest.raises(SignatureMismatch):
        receiver(TWILIO_EXAMPLE).verify(replace(TWILIO_EXAMPLE, headers=headers).request())
    unknown = {**headers, **dict.fromkeys(settings, "algorithm=MD5")}
    with pytest.raises(MalformedSignature, match="unknown algorithm"):
        receiver(TWILIO_EXAMPLE).verify(replace(TWILIO_EXAMPLE, headers=unknown).request())


def test_a_wrong_public_url_is_named_as_the_cause() -> None:
    inside = replace(TWILIO_EXAMPLE.request(), url="http://10.0.0.1:8000/myapp.php?foo=1&bar=2")
    with pytest.raises(SignatureMismatch, match=r"http://10.0.0.1:8000.*public_url"):
        receiver(TWILIO_EXAMPLE).verify(inside)
    known = Receiver(TWILIO_EXAMPLE.secret, sender=TWILIO, public_url="https://mycompany.com/")
    known.verify(inside)


def test_hubspot_signs_decoded_urls() -> None:
    content = b"POSThttps://example.com/a:b?c=@" + BODY + str(NOW_S * 1000).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), content, hashlib.sha256)).decode()
    headers = {
        "X-HubSpot-Signature-v3": signature,
        "X-HubSpot-Request-Timestamp": str(NOW_S * 1000),
    }
    known = Receiver(SECRET, sender=HUBSPOT, clock=lambda: NOW_S)
    known.verify(WebhookRequest.of("POST", "https://example.com/a%3Ab?c=%40", headers, BODY))


def test_one_forged_item_of_adyen_refuses_them_all() -> None:
    example = next(each for each in PUBLISHED if each.sender == "adyen")
    notification = json.loads(example.body)
    item = json.loads(example.body)["notificationItems"][0]
    item["NotificationRequestItem"]["amount"]["value"] = 1131
    notification["notificationItems"].append(item)
    forged = replace(example.request(), body=json.dumps(notification).encode())
    with pytest.raises(SignatureMismatch):
        receiver(example).verify(forged)
    for body in (b"[]", b'{"notificationItems":[]}', b'{"notificationItems":[{}]}'):
        with pytest.raises(MalformedSignature):
            receiver(example).verify(replace(forged, body=body))


def test_linear_without_a_signed_time_is_refused() -> None:
    known = Receiver(SECRET, sender=LINEAR, clock=time.time)
    with pytest.raises(MissingSignature, match="webhookTimestamp"):
        known.verify(WebhookRequest.of("POST", URL, {"Linear-Signature": "00"}, b"{}"))


@pytest.mark.parametrize(
    ("sender", "secret"),
    [("adyen", "xyz"), ("discord", "xyz"), ("discord", "00"), ("sendgrid", "AAAA"), ("slack", "")],
)
def test_a_secret_of_another_kind_is_refused_at_once(sender: str, secret: str) -> None:
    with pytest.raises(MalformedSecret):
        Receiver(secret, sender=SENDERS[sender])


def test_no_secret_at_all_is_refused_for_every_sender() -> None:
    for sender in SENDERS.values():
        with pytest.raises(MalformedSecret):
            sender.scheme.verifier([])


def test_a_sender_of_ones_own_is_a_table_row() -> None:
    scheme = HmacScheme(signature=(Header("x-acme"),), encoding=Encoding.BASE64, key=Encoding.HEX)
    verifier = scheme.verifier(["00ff"])
    signature = base64.b64encode(hmac.digest(b"\x00\xff", BODY, "sha256")).decode()
    request = WebhookRequest.of("POST", URL, {"X-Acme": signature}, BODY)
    verifier.verify(request, NOW_S)
    with pytest.raises(SignatureMismatch):
        verifier.verify(replace(request, body=b""), NOW_S)


@pytest.mark.parametrize("sender", [SLACK, ADYEN, STRIPE, TWILIO, HUBSPOT], ids=lambda s: s.name)
@given(
    names=st.sets(
        st.sampled_from(
            [name.lower() for each in EXAMPLES for name in each.headers] + ["stripe-signature"]
        )
    ),
    value=st.text(max_size=40),
    body=st.binary(max_size=40),
)
def test_any_request_is_refused_and_never_an_accident(
    sender: object, names: set[str], value: str, body: bytes
) -> None:
    known = Receiver("00ff", sender=sender, clock=lambda: NOW_S)  # type: ignore[arg-type]
    with pytest.raises(VerificationError):
        known.verify(WebhookRequest("POST", URL, dict.fromkeys(names, value), body))

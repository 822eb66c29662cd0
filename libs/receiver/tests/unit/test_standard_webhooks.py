"""Standard Webhooks are verified as the official libraries sign and verify them."""

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix.webhooks
from angarium_receiver import (
    MalformedSecret,
    MalformedSignature,
    MissingSignature,
    SignatureMismatch,
    StandardWebhooks,
    TimestampOutOfTolerance,
    VerificationError,
    WebhookRequest,
)
from angarium_receiver.standard_webhooks import sign
from angarium_signing import PrivateKey, SigningSecret
from angarium_signing.request_headers import signature_headers_under
from angarium_signing.scheme import Signer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
# https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests
PUBLISHED_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
PUBLISHED_TIMESTAMP = 1614265330
PUBLISHED_BODY = b'{"test": 2432232314}'
PUBLISHED_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BODY = b'{"type":"invoice.paid","data":{"amount":1}}'
NOW_S = 1_800_000_000


def request(headers: Mapping[str, str], body: bytes = BODY) -> WebhookRequest:
    return WebhookRequest.of("POST", "https://example.com/hooks", headers, body)


def verify(
    headers: Mapping[str, str], body: bytes = BODY, *known: str, now_s: float = NOW_S
) -> None:
    StandardWebhooks().verifier(known or (SECRET,)).verify(request(headers, body), now_s)


def signed(body: bytes = BODY, secret: str = SECRET, at_s: int = NOW_S) -> dict[str, str]:
    return dict(sign(secret, "msg_1", at_s, body))


def under_svix(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("webhook-", "svix-"): value for name, value in headers.items()}


def test_the_published_example_is_verified() -> None:
    headers = {
        "Webhook-Id": PUBLISHED_ID,
        "Webhook-Timestamp": str(PUBLISHED_TIMESTAMP),
        "Webhook-Signature": PUBLISHED_SIGNATURE,
    }
    verify(headers, PUBLISHED_BODY, now_s=PUBLISHED_TIMESTAMP)
    with pytest.raises(SignatureMismatch):
        verify(headers, PUBLISHED_BODY + b" ", now_s=PUBLISHED_TIMESTAMP)


@given(key=st.binary(min_size=24, max_size=64), body=st.text().map(str.encode))
def test_what_the_official_library_signs_is_verified(key: bytes, body: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    signature = standardwebhooks.Webhook(secret).sign(
        "msg_1", datetime.fromtimestamp(NOW_S, UTC), body.decode()
    )
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": signature,
    }
    verify(headers, body, secret)
    with pytest.raises(SignatureMismatch):
        verify(headers, body + b".", secret)


@given(amount=st.integers(), text=st.text())
def test_what_is_signed_here_the_official_libraries_verify(amount: int, text: str) -> None:
    body = json.dumps({"amount": amount, "text": text}).encode()
    headers = signed(body, at_s=int(datetime.now(UTC).timestamp()))
    standardwebhooks.Webhook(SECRET).verify(body, headers)
    svix.webhooks.Webhook(SECRET).verify(body, under_svix(headers))


@given(body=st.binary())
def test_what_the_platform_signs_is_verified(body: bytes) -> None:
    private = PrivateKey(bytes(range(32)))
    signers: list[Signer] = [SigningSecret.parse(SECRET), private]
    headers = dict(signature_headers_under(["webhook", "svix"], signers, "msg_1", NOW_S, body))
    for secret in (SECRET, private.public_key.text):
        verify(headers, body, secret)
        with pytest.raises(SignatureMismatch):
            verify(headers, body + b".", secret)


@given(position=st.integers(min_value=0), change=st.integers(min_value=1, max_value=255))
def test_no_other_byte_passes(position: int, change: int) -> None:
    headers = signed()
    body = bytearray(BODY)
    body[position % len(body)] ^= change
    with pytest.raises(SignatureMismatch):
        verify(headers, bytes(body))


@given(headers=st.dictionaries(st.sampled_from(sorted(signed())), st.text()), body=st.binary())
def test_any_request_is_verified_or_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(VerificationError):
        verify({**signed(), **headers}, body + b"x")


def test_svix_header_names_are_known_and_either_set_suffices() -> None:
    verify(under_svix(signed()))
    wrong = {**signed(), "webhook-signature": "v1,AAAA"}
    verify({**wrong, **under_svix(signed())})


def test_an_id_that_is_not_signed_counts_for_nothing() -> None:
    for forged in (
        {**under_svix(signed()), "webhook-id": "msg_2"},
        {**signed(), "svix-id": "msg_2"},
    ):
        with pytest.raises(MalformedSignature, match="differ"):
            verify(forged)
    verify({**under_svix(signed()), "webhook-id": "msg_1"})


def test_either_secret_of_a_rotation_verifies() -> None:
    verify(signed(secret=OTHER), BODY, SECRET, OTHER)
    both = f"{signed()['webhook-signature']} {signed(secret=OTHER)['webhook-signature']}"
    verify({**signed(), "webhook-signature": both}, BODY, OTHER)


def test_a_public_key_verifies_v1a_and_nothing_else() -> None:
    key = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()
    signature = base64.b64encode(key.sign(f"msg_1.{NOW_S}.".encode() + BODY)).decode()
    headers = {**signed(), "webhook-signature": f"v1a,{signature}"}
    verify(headers, BODY, public)
    verify({**headers, "webhook-signature": f"v1,AAAA v1a,{signature}"}, BODY, public)
    with pytest.raises(SignatureMismatch):
        verify(headers, BODY + b" ", public)
    with pytest.raises(SignatureMismatch, match="signed as v1, and the secrets are for v1a"):
        verify(signed(), BODY, public)


@pytest.mark.parametrize("off_s", [301, -301])
def test_a_time_out_of_tolerance_is_refused_with_the_usual_cause(off_s: int) -> None:
    with pytest.raises(TimestampOutOfTolerance, match="clock of this machine") as refused:
        verify(signed(at_s=NOW_S - off_s))
    assert refused.value.age_s == off_s
    verify(signed(at_s=NOW_S - 300))
    verify(signed(at_s=NOW_S + 300))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(MissingSignature, match=name):
        verify({each: value for each, value in signed().items() if each != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "٣"),
        ("webhook-id", "a.b"),
        ("webhook-id", "ä"),
        ("webhook-signature", "v1,x " * 64),
        ("webhook-signature", "v1," + "A" * 20_000),
    ],
)
def test_what_no_sender_sends_is_malformed(name: str, value: str) -> None:
    with pytest.raises(MalformedSignature):
        verify({**signed(), name: value})


def test_the_cause_of_a_mismatch_is_found() -> None:
    spaced = json.dumps(json.loads(BODY)).encode()
    with pytest.raises(SignatureMismatch, match="parsed and written again"):
        verify(signed(), spaced)
    with pytest.raises(SignatureMismatch, match="White space"):
        verify(signed(), BODY + b"\n")
    with pytest.raises(SignatureMismatch, match="secret is that of another endpoint"):
        verify(signed(secret=OTHER))


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("whsk_" + "A" * 44, "private key"),
        ("whsec_!", "base64"),
        ("whsec_" + "A" * 5, "base64"),
        ("whsec_AAAA", "Copy the whole secret"),
        ("whpk_AAAA", "32 bytes"),
        (SECRET + "\n", "white space"),
        ("", "base64"),
    ],
)
def test_a_wrong_secret_is_refused_at_once_and_not_repeated(secret: str, reason: str) -> None:
    with pytest.raises(MalformedSecret, match=reason) as refused:
        StandardWebhooks().verifier([secret])
    key = secret.partition("_")[2].strip()
    assert len(key) < 4 or key not in str(refused.value)


def test_no_text_of_a_verifier_has_the_secret() -> None:
    verifier = StandardWebhooks().verifier([SECRET])
    with pytest.raises(SignatureMismatch) as refused:
        verifier.verify(request(signed(secret=OTHER)), NOW_S)
    text = repr(vars(verifier)) + str(refused.value)
    assert SECRET.removeprefix("whsec_") not in text
    assert repr(base64.b64decode(SECRET.removeprefix("whsec_"))) not in text


def test_secrets_without_a_prefix_and_without_padding_are_read() -> None:
    key = secrets.token_bytes(25)
    encoded = base64.b64encode(key).decode()
    headers = signed(secret="whsec_" + encoded)
    for text in (encoded, encoded.rstrip("="), "whsec_" + encoded.rstrip("=")):
        verify(headers, BODY, text)

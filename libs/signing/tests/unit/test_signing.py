import pickle
import time
from base64 import b64encode
from datetime import UTC, datetime

import angarium_signing as signing
import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIMESTAMP_S = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW_S = 1_800_000_000

keys = st.binary(min_size=24, max_size=64)
webhook_ids = st.from_regex(r"msg_[A-Za-z0-9]{1,40}", fullmatch=True)
text_bodies = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def vector_headers() -> dict[str, str]:
    return {
        "webhook-id": VECTOR_ID,
        "webhook-timestamp": str(VECTOR_TIMESTAMP_S),
        "webhook-signature": VECTOR_SIGNATURE,
    }


def test_the_specifications_vector_is_signed_as_published() -> None:
    secret = signing.SigningSecret.parse(VECTOR_SECRET)
    assert secret.sign(VECTOR_ID, VECTOR_TIMESTAMP_S, VECTOR_BODY) == VECTOR_SIGNATURE


def test_the_one_shot_function_agrees_with_the_kept_secret() -> None:
    key = bytes(range(32))
    kept = signing.SigningSecret(key)
    for body in (b"", b"a", b"b" * 5000):
        assert signing.sign(key, "msg_1", 7, body) == kept.sign("msg_1", 7, body)


@given(keys, webhook_ids, text_bodies)
def test_what_we_sign_the_standard_libraries_accept(key: bytes, webhook_id: str, text: str) -> None:
    secret = signing.SigningSecret(key)
    now_s = int(time.time())
    headers = dict(signing.signature_headers([secret], webhook_id, now_s, text.encode()))
    standardwebhooks.Webhook(secret.reveal()).verify(text, headers, json_parse=False)
    svix.webhooks.Webhook(secret.reveal()).verify(text, headers)
    renamed = dict(
        signing.signature_headers(
            [secret], webhook_id, now_s, text.encode(), header_prefix=signing.SVIX_PREFIX
        )
    )
    svix.webhooks.Webhook(secret.reveal()).verify(text, renamed)


@given(keys, webhook_ids, text_bodies, st.integers(0, 4_000_000_000))
def test_what_the_standard_library_signs_we_accept(
    key: bytes, webhook_id: str, text: str, timestamp_s: int
) -> None:
    secret = signing.SigningSecret(key)
    theirs = standardwebhooks.Webhook(secret.reveal())
    signature = theirs.sign(webhook_id, datetime.fromtimestamp(timestamp_s, tz=UTC), text)
    headers = {
        "Webhook-Id": webhook_id,
        "Webhook-Timestamp": str(timestamp_s),
        "Webhook-Signature": signature,
    }
    signing.verify(headers, text.encode(), [secret], now_s=timestamp_s)


def test_during_a_rotation_each_secret_alone_verifies() -> None:
    new, old, stranger = (signing.SigningSecret(bytes([n]) * 32) for n in range(3))
    headers = dict(signing.signature_headers([new, old], "msg_1", NOW_S, b"{}"))
    assert headers["webhook-signature"].count("v1,") == 2
    signing.verify(headers, b"{}", [new], NOW_S)
    signing.verify(headers, b"{}", [old], NOW_S)
    with pytest.raises(signing.NoMatchingSignature):
        signing.verify(headers, b"{}", [stranger], NOW_S)


def test_signatures_of_unknown_versions_and_unreadable_ones_are_passed_over() -> None:
    headers = vector_headers()
    headers["webhook-signature"] = f"v1a,AAAA v1,é nonsense v1,!! {VECTOR_SIGNATURE} v9,AA=="
    secret = signing.SigningSecret.parse(VECTOR_SECRET)
    signing.verify(headers, VECTOR_BODY, [secret], VECTOR_TIMESTAMP_S)


@pytest.mark.parametrize("version", ["v2", "v0", "V1", ""])
def test_a_v1_signature_under_another_versions_name_does_not_count(version: str) -> None:
    headers = vector_headers()
    headers["webhook-signature"] = VECTOR_SIGNATURE.replace("v1,", f"{version},")
    secret = signing.SigningSecret.parse(VECTOR_SECRET)
    with pytest.raises(signing.NoMatchingSignature):
        signing.verify(headers, VECTOR_BODY, [secret], VECTOR_TIMESTAMP_S)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = vector_headers()
    del headers[name]
    with pytest.raises(signing.MissingHeader, match=name) as caught:
        signing.verify(headers, VECTOR_BODY, [], VECTOR_TIMESTAMP_S)
    assert caught.value.name == name


def test_the_tolerance_holds_on_both_sides_to_the_second() -> None:
    secret = signing.SigningSecret.parse(VECTOR_SECRET)

    def verify_at(now_s: int) -> None:
        signing.verify(vector_headers(), VECTOR_BODY, [secret], now_s, tolerance_s=300)

    verify_at(VECTOR_TIMESTAMP_S + 300)
    verify_at(VECTOR_TIMESTAMP_S - 300)
    with pytest.raises(signing.TimestampTooOld, match="301 s in the past"):
        verify_at(VECTOR_TIMESTAMP_S + 301)
    with pytest.raises(signing.TimestampTooNew, match="301 s in the future"):
        verify_at(VECTOR_TIMESTAMP_S - 301)


@pytest.mark.parametrize("text", ["1.5", "-1", "0x10", "٣", "1" * 16, "1e3", " 1", "01", "nan"])
def test_a_timestamp_that_is_not_whole_seconds_is_refused(text: str) -> None:
    headers = vector_headers() | {"webhook-timestamp": text}
    with pytest.raises(signing.MalformedTimestamp):
        signing.verify(headers, VECTOR_BODY, [], 1)


@pytest.mark.parametrize("count", [65, 66, 100])
def test_a_flood_of_signatures_is_refused_before_any_is_computed(count: int) -> None:
    headers = vector_headers() | {"webhook-signature": " ".join(["v1,AA=="] * count)}
    with pytest.raises(signing.MalformedSignature, match="longer than any sender needs"):
        signing.verify(headers, VECTOR_BODY, [], VECTOR_TIMESTAMP_S)


def test_a_signature_header_has_16384_characters_at_most() -> None:
    secret = signing.SigningSecret.parse(VECTOR_SECRET)
    headers = vector_headers()
    headers["webhook-signature"] = f"v1,{'A' * 16_332} {VECTOR_SIGNATURE} "
    assert len(headers["webhook-signature"]) == 16_384
    signing.verify(headers, VECTOR_BODY, [secret], VECTOR_TIMESTAMP_S)
    for more in ("A", "AA"):
        headers["webhook-signature"] += more
        with pytest.raises(signing.MalformedSignature):
            signing.verify(headers, VECTOR_BODY, [secret], VECTOR_TIMESTAMP_S)


@pytest.mark.parametrize("text", ["0", "9", "123456789012345"])
def test_a_timestamp_has_up_to_15_digits(text: str) -> None:
    headers = vector_headers() | {"webhook-timestamp": text}
    with pytest.raises(signing.NoMatchingSignature):
        signing.verify(headers, VECTOR_BODY, [], int(text))


@given(webhook_ids, st.binary(max_size=100), st.binary(max_size=100))
def test_another_body_never_verifies(webhook_id: str, body: bytes, other: bytes) -> None:
    secret = signing.SigningSecret(b"k" * 32)
    headers = dict(signing.signature_headers([secret], webhook_id, NOW_S, body))
    if body == other:
        signing.verify(headers, other, [secret], NOW_S)
    else:
        with pytest.raises(signing.NoMatchingSignature):
            signing.verify(headers, other, [secret], NOW_S)


@pytest.mark.parametrize("webhook_id", ["", "a.b", "a\nb", "é", "x" * 257, "a\x00"])
def test_an_id_that_would_blur_the_signed_content_is_refused(webhook_id: str) -> None:
    with pytest.raises(signing.UnsignableId):
        signing.sign(b"k" * 32, webhook_id, 1, b"")


def test_signing_without_a_secret_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        signing.signature_headers([], "msg_1", 1, b"")


@given(keys)
def test_a_secret_survives_being_written_and_read(key: bytes) -> None:
    secret = signing.SigningSecret(key)
    assert signing.SigningSecret.parse(secret.reveal()) == secret
    assert signing.SigningSecret.parse(secret.reveal().rstrip("=")) == secret


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA",
        "whsec_MfKQ 9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + b64encode(b"k" * 23).decode(),
        "whsec_" + b64encode(b"k" * 65).decode(),
        "whsec_" + "A" * 10_000,
    ],
)
def test_a_malformed_secret_is_refused_and_not_repeated_in_the_error(text: str) -> None:
    with pytest.raises(signing.MalformedSecret) as caught:
        signing.SigningSecret.parse(text)
    encoded = text.removeprefix("whsec_")
    assert not encoded or encoded not in str(caught.value)


@pytest.mark.parametrize(("prefix", "chars_max"), [("whsec_", 128), ("whsk_", 128), ("whpk_", 64)])
def test_a_secret_longer_than_any_is_refused_before_it_is_decoded(
    prefix: str, chars_max: int
) -> None:
    parse = signing.PublicKey.parse if prefix == "whpk_" else signing.parse_signer
    for more, reason in ((0, "not base64"), (1, f"longer than {chars_max} "), (2, "longer than")):
        with pytest.raises(signing.MalformedSecret, match=reason):
            parse(prefix + "!" * (chars_max + more))


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = signing.SigningSecret.parse(VECTOR_SECRET)
    for shown in (repr(secret), str(secret), f"{[secret]}"):
        assert "MfKQ" not in shown
    assert secret.reveal() == VECTOR_SECRET
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_every_error_has_the_one_base() -> None:
    for name in signing.__all__:
        value = getattr(signing, name)
        if isinstance(value, type) and issubclass(value, Exception):
            assert issubclass(value, signing.SigningError)

"""v1a: Ed25519 key pairs in the forms of Standard Webhooks."""

import pickle
from base64 import b64decode, b64encode

import angarium_signing as signing
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

# RFC 8032, section 7.1, test 2: the content is one octet, 0x72.
RFC_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RFC_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
NOW_S = 1_800_000_000

seeds = st.binary(min_size=32, max_size=32)


def test_the_rfcs_vector_is_signed_and_verified_as_published() -> None:
    private = signing.PrivateKey(RFC_SEED)
    assert private.public_key == signing.PublicKey(RFC_PUBLIC)
    assert private.sign_content(b"", b"\x72") == "v1a," + b64encode(RFC_SIGNATURE).decode()
    assert private.public_key.verify_content(b"", b"\x72", RFC_SIGNATURE)


@given(seeds, st.from_regex(r"msg_[A-Za-z0-9]{1,40}", fullmatch=True), st.binary(max_size=200))
def test_a_bare_ed25519_verifier_accepts_the_spoken_form(
    seed: bytes, webhook_id: str, body: bytes
) -> None:
    private = signing.PrivateKey(seed)
    version, _, encoded = private.sign(webhook_id, NOW_S, body).partition(",")
    assert version == "v1a"
    raw = b64decode(private.public_key.text.removeprefix("whpk_"), validate=True)
    content = f"{webhook_id}.{NOW_S}.".encode() + body
    Ed25519PublicKey.from_public_bytes(raw).verify(b64decode(encoded, validate=True), content)


@given(seeds)
def test_a_key_survives_being_written_and_read_in_either_length(seed: bytes) -> None:
    private = signing.PrivateKey(seed)
    written = private.reveal()
    assert len(b64decode(written.removeprefix("whsk_"))) == 64
    short = "whsk_" + b64encode(seed).decode()
    for text in (written, written.rstrip("="), short, short.rstrip("=")):
        assert signing.PrivateKey.parse(text) == private
        assert signing.parse_signer(text) == private
    assert signing.PublicKey.parse(private.public_key.text) == private.public_key


def test_both_kinds_of_secret_sign_one_request_and_each_verifies_alone() -> None:
    private = signing.PrivateKey(bytes(range(32)))
    secret = signing.SigningSecret(b"k" * 32)
    headers = dict(signing.signature_headers([private, secret], "msg_1", NOW_S, b"{}"))
    versions = [part.split(",")[0] for part in headers["webhook-signature"].split(" ")]
    assert versions == ["v1a", "v1"]
    for verifier in (private, private.public_key, secret):
        signing.verify(headers, b"{}", [verifier], NOW_S)
    with pytest.raises(signing.NoMatchingSignature):
        signing.verify(headers, b"{ }", [private.public_key, secret], NOW_S)
    with pytest.raises(signing.NoMatchingSignature):
        signing.verify(headers, b"{}", [signing.PublicKey(RFC_PUBLIC)], NOW_S)


def test_an_ed25519_signature_of_another_length_does_not_count() -> None:
    public = signing.PublicKey(RFC_PUBLIC)
    for signature in (b"", RFC_SIGNATURE[:-1], RFC_SIGNATURE + b"\0"):
        assert not public.verify_content(b"", b"\x72", signature)


def test_both_header_names_carry_the_same_signature_made_once() -> None:
    class Counting:
        version = "v1"
        made = 0

        def sign_content(self, prefix: bytes, body: bytes) -> str:
            self.made += 1
            return f"v1,{len(prefix) + len(body)}"

    signer = Counting()
    headers = signing.signature_headers_under(
        signing.BOTH_PREFIXES, [signer], "msg_1", NOW_S, b"{}"
    )
    assert [name for name, _ in headers] == [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "svix-id",
        "svix-timestamp",
        "svix-signature",
    ]
    assert headers[:3] == signing.signature_headers([signer], "msg_1", NOW_S, b"{}")
    assert [value for _, value in headers[3:]] == [value for _, value in headers[:3]]
    assert signer.made == 2


@pytest.mark.parametrize(
    "text",
    [
        "whsk_",
        "whsk_" + b64encode(b"k" * 31).decode(),
        "whsk_" + b64encode(b"k" * 63).decode(),
        "whsk_" + b64encode(RFC_SEED + b"k" * 32).decode(),
        "whsk_" + "A" * 10_000,
        "whsk_AAAA BBBB",
    ],
)
def test_a_malformed_private_key_is_refused_and_not_repeated_in_the_error(text: str) -> None:
    with pytest.raises(signing.MalformedSecret) as caught:
        signing.parse_signer(text)
    encoded = text.removeprefix("whsk_")
    assert not encoded or encoded not in str(caught.value)


@pytest.mark.parametrize("text", ["whpk_", "whpk_AAAA", "whsk_" + b64encode(RFC_PUBLIC).decode()])
def test_a_malformed_public_key_is_refused(text: str) -> None:
    with pytest.raises(signing.MalformedSecret):
        signing.PublicKey.parse(text)


def test_any_other_text_is_read_as_a_symmetric_secret() -> None:
    secret = signing.SigningSecret(b"k" * 32)
    assert signing.parse_signer(secret.reveal()) == secret
    with pytest.raises(signing.MalformedSecret, match="whsec_"):
        signing.parse_signer("nothing")


def test_a_private_key_shows_itself_only_when_asked() -> None:
    private = signing.PrivateKey(RFC_SEED)
    assert repr(private) == "whsk_***"
    assert b64encode(RFC_SEED)[:8].decode() not in f"{private} {[private]}"
    with pytest.raises(TypeError):
        pickle.dumps(private)

import base64
import hashlib
import json

import pytest
from angarium_webhooks.failures import find_rewritten_body
from angarium_webhooks.failures.rewritten_bodies import EXCERPT_CHARS
from hypothesis import given
from hypothesis import strategies as st

SENT = b'{"name": "Zo\xc3\xab", "amount": 4200, "lines": [1, 2]}'
PARSED = json.loads(SENT)
COMPACT = json.dumps(PARSED, separators=(",", ":"), ensure_ascii=False)
HEAD = b"HTTP/1.1 401 Unauthorized\r\nServer: app"


def sign(body: bytes) -> list[str]:
    encoded = base64.b64encode(hashlib.sha256(b"secret" + body).digest()).decode()
    return [f"v1,{encoded} v1a,AAAA"]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"error": "invalid signature", "body": COMPACT}),
        json.dumps({"error": {"message": "signature mismatch", "signed": [COMPACT]}}),
        f"signature mismatch for body {COMPACT}",
        f'{{"error":"invalid signature","received":{COMPACT}}}',
        "computed " + hashlib.sha256(COMPACT.encode()).hexdigest(),
        "computed " + base64.b64encode(hashlib.sha256(COMPACT.encode()).digest()).decode(),
        "expected " + sign(COMPACT.encode())[0].split(" ")[0],
        "expected " + base64.b64decode(sign(COMPACT.encode())[0].split(" ")[0][3:]).hex(),
    ],
)
def test_a_receiver_that_tells_which_body_it_checked_is_recognised(answer: str) -> None:
    found = find_rewritten_body(SENT, HEAD, answer.encode(), sign)
    assert found == {
        "sent_body": SENT.decode(),
        "checked_body": COMPACT,
        "rewritten_as": "JSON without spaces",
    }


def test_so_is_one_that_tells_in_a_header() -> None:
    digest = hashlib.sha256(COMPACT.encode()).hexdigest().encode()
    found = find_rewritten_body(SENT, HEAD + b"\r\nX-Body-Hash: " + digest, b"", None)
    assert found["checked_body"] == COMPACT


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (SENT, b"invalid signature"),
        (SENT, b""),
        (SENT, b'{"error":"invalid signature","body":{"name":"other"}}'),
        (SENT, b"no such member: " + COMPACT.encode()),
        (SENT, b"signature mismatch for " + SENT),
        (COMPACT.encode(), b"signature mismatch for " + COMPACT.encode()),
        (b"a=1&b=2", b"signature mismatch for a=1&b=2"),
        (b'{"broken', b'signature mismatch {"broken'),
        (b"{" * 60_000, b"signature " + b"{" * 1_000),
        (b'{"a": "' + b"x" * 70_000 + b'"}', b"signature"),
    ],
)
def test_any_other_answer_tells_nothing(sent: bytes, answer: bytes) -> None:
    assert find_rewritten_body(sent, HEAD, answer, sign) == {}


def test_what_is_kept_of_bodies_is_bounded() -> None:
    sent = json.dumps({"text": "x" * 3_000}).encode()
    quoted = json.dumps({"text": "x" * 3_000}, separators=(",", ":")).encode()
    found = find_rewritten_body(sent, HEAD, b"signature of " + quoted, None)
    assert len(found["sent_body"]) == len(found["checked_body"]) == EXCERPT_CHARS


@given(st.binary(max_size=200), st.binary(max_size=400))
def test_looking_never_raises(sent: bytes, answer: bytes) -> None:
    find_rewritten_body(b"{" + sent, HEAD, b"signature " + answer, sign)
    find_rewritten_body(SENT, answer, answer, sign)

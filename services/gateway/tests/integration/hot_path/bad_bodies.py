"""Bodies that must be refused, each with the member that the refusal names."""

import json
from typing import Any

GOOD = {"eventType": "invoice.paid", "payload": {"amount": 1}}


def deep(levels: int) -> bytes:
    return b'{"eventType": "a", "payload": ' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


def with_member(**members: Any) -> bytes:
    return json.dumps(GOOD | members).encode()


def payload(text: bytes) -> bytes:
    return b'{"eventType": "a", "payload": ' + text + b"}"


BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "no body": (b"", "body"),
    "blank": (b"  ", "body"),
    "malformed": (b'{"eventType": "a", ', "body"),
    "two values": (b'{"eventType": "a", "payload": {}} {}', "body"),
    "comments": (b'{"eventType": "a", "payload": {} /* x */}', "body"),
    "NaN": (payload(b'{"a": NaN}'), "body"),
    "Infinity": (payload(b'{"a": -Infinity}'), "body"),
    "bad escape": (payload(b'{"a": "\\x"}'), "body"),
    "control character": (payload(b'{"a": "\x01"}'), "body"),
    "single quotes": (b"{'eventType': 'a', 'payload': {}}", "body"),
    "byte order mark": (b"\xef\xbb\xbf" + with_member(), "body"),
    "invalid UTF-8": (payload(b'{"a": "\xff"}'), "body"),
    "overlong UTF-8": (payload(b'{"a": "\xc0\xaf"}'), "body"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "body"),
    "a lone surrogate in a tag": (with_member(tags=["\ud800"]), "tags"),
    "deep": (deep(100), "body"),
    "very deep": (deep(15_000), "body"),
    "deep arrays": (payload(b'{"a":' + b"[" * 40_000 + b"]" * 40_000 + b"}"), "body"),
    "an array": (b"[]", "body"),
    "null": (b"null", "body"),
    "a string": (b'"text"', "body"),
    "no event type": (b'{"payload": {}}', "eventType"),
    "no payload": (b'{"eventType": "a"}', "payload"),
    "event type a number": (with_member(eventType=1), "eventType"),
    "event type null": (with_member(eventType=None), "eventType"),
    "event type empty": (with_member(eventType=""), "eventType"),
    "event type with a space": (with_member(eventType="a b"), "eventType"),
    "event type with a line break": (with_member(eventType="a\r\nX-Evil: 1"), "eventType"),
    "event type ends with a line feed": (with_member(eventType="a\n"), "eventType"),
    "event type too long": (with_member(eventType="a" * 257), "eventType"),
    "payload null": (payload(b"null"), "payload"),
    "payload a string": (payload(b'"{}"'), "payload"),
    "payload a number": (payload(b"1"), "payload"),
    "payload an array": (payload(b"[]"), "payload"),
    "payload true": (payload(b"true"), "payload"),
    "event id a number": (with_member(eventId=5), "eventId"),
    "event id empty": (with_member(eventId=""), "eventId"),
    "event id with a slash": (with_member(eventId="a/b"), "eventId"),
    "event id with U+0000": (with_member(eventId="a\0b"), "eventId"),
    "event id too long": (with_member(eventId="e" * 257), "eventId"),
    "channels a string": (with_member(channels="a"), "channels"),
    "channels empty": (with_member(channels=[]), "channels"),
    "six channels": (with_member(channels=list("abcdef")), "channels"),
    "a channel twice": (with_member(channels=["a", "a"]), "channels"),
    "a channel null": (with_member(channels=[None]), "channels"),
    "a channel with a line break": (with_member(channels=["a\nb"]), "channels"),
    "nine tags": (with_member(tags=list("abcdefghi")), "tags"),
    "a tag twice": (with_member(tags=["a", "a"]), "tags"),
    "a tag a number": (with_member(tags=[1]), "tags"),
    "a tag with U+0000": (with_member(tags=["a\0"]), "tags"),
    "retention too short": (with_member(payloadRetentionPeriod=1), "payloadRetentionPeriod"),
    "retention a text": (with_member(payloadRetentionPeriod="90"), "payloadRetentionPeriod"),
    "application without a name": (with_member(application={}), "application"),
    "application a string": (with_member(application="acme"), "application"),
    "application's uid with a slash": (with_member(application={"name": "A", "uid": "/"}), "uid"),
}

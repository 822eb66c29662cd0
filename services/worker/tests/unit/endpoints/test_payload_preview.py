"""The requests that a stand-in for an endpoint is told to send."""

import json

import pytest
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id
from angarium_worker.examination.payload_preview import FormatNotPreviewed, PayloadPreview

APP = format_id(APPLICATION, b"a" * 16)
MESSAGE_ID = format_id(MESSAGE, (1_700_000_000_123).to_bytes(6) + b"\x70" + b"m" * 9)
BODY = b'{"n":1}'


def formed(payload_format: str, content_type: str | None = None) -> tuple[bytes, dict[str, str]]:
    preview = PayloadPreview(APP, payload_format, content_type, "https://shop.example.com")
    body, headers = preview.form(MESSAGE_ID, "order.paid", BODY, None)
    return body, dict(headers)


def test_a_plain_payload_is_sent_as_it_is() -> None:
    assert formed("plain") == (BODY, {"content-type": "application/json"})
    assert formed("plain", "text/x")[1] == {"content-type": "text/x"}


def test_an_envelope_and_a_cloud_event_have_the_payload_in_them() -> None:
    envelope, _ = formed("envelope")
    event, headers = formed("cloudevents-structured")

    assert json.loads(envelope)["data"] == json.loads(event)["data"] == {"n": 1}
    assert headers["content-type"].startswith("application/cloudevents+json")
    binary, headers = formed("cloudevents-binary")
    assert (binary, headers["ce-source"]) == (BODY, "https://shop.example.com")


@pytest.mark.parametrize("payload_format", ["thin", "of another version"])
def test_what_only_the_platform_makes_is_refused(payload_format: str) -> None:
    with pytest.raises(FormatNotPreviewed):
        PayloadPreview(APP, payload_format, None, None)


def test_the_id_of_an_application_is_needed() -> None:
    with pytest.raises(FormatNotPreviewed, match="acme"):
        PayloadPreview("acme", "plain", None, None)

"""Explanations of failed attempts through the SDK's operations, streams, webhooks and commands."""

from typing import Any

import httpx
import pytest
from svix.api import ApplicationOut, EndpointIn, MessageIn, Svix

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252

REFUSED = "http://127.0.0.1:9/hook"


@pytest.fixture
def failed(
    svix: Svix, api: httpx.Client, application: ApplicationOut
) -> tuple[str, dict[str, Any]]:
    """A message that was refused, and the raw JSON of its last attempt."""
    svix.endpoint.create(application.id, EndpointIn(url=REFUSED))
    message = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    path = f"/app/{application.id}/attempt/msg/{message.id}"

    def last() -> dict[str, Any] | None:
        attempts = api.get(path).json()["data"]
        ended = [each for each in attempts if "nextAttempt" not in each]
        return ended[0] if ended else None

    return message.id, until(last, WAIT_S, "the delivery is exhausted")


def test_an_explanation_is_the_same_wherever_the_attempt_is_read(
    svix: Svix, api: httpx.Client, application: ApplicationOut, failed: tuple[str, dict[str, Any]]
) -> None:
    message_id, attempt = failed
    explanation = attempt["explanation"]
    assert explanation["code"] == "connection_refused"
    assert (explanation["remedyBy"], explanation["documentation"]) == (
        "customer",
        "reference/failures/connection_refused",
    )
    assert {"name": "System error", "value": "ECONNREFUSED"} in explanation["evidence"]
    app = f"/app/{application.id}"
    one = api.get(f"{app}/msg/{message_id}/attempt/{attempt['id']}").json()
    found = api.get(f"{app}/search/attempts", params={"status": 2}).json()["data"]
    assert one["explanation"] == explanation
    assert explanation in [each["explanation"] for each in found]
    # The SDK reads the answers that have the member.
    assert svix.message_attempt.get(application.id, message_id, attempt["id"]).id == attempt["id"]


def test_the_command_prints_the_attempts_of_a_message(
    platform: DevPlatform, application: ApplicationOut, failed: tuple[str, dict[str, Any]]
) -> None:
    message_id, attempt = failed
    access = {"ANGARIUM_URL": platform.url, "ANGARIUM_TOKEN": platform.key}
    told = run_angarium(["explain", application.id, message_id], **access)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("Cause:   127.0.0.1 refused the connection.") == 3
    assert "By:      the customer" in told.stdout
    one = run_angarium(
        ["explain", application.id, message_id, "--attempt", attempt["id"]], **access
    )
    assert one.stdout.count("Cause:") == 1
    none = run_angarium(["explain", application.id, "msg_none"], **access)
    assert none.returncode == 4
    assert "There is no message `msg_none`" in none.stderr


def test_an_operational_webhook_has_the_explanation(
    svix: Svix,
    api: httpx.Client,
    receiver: WebhookReceiver,
    failed: tuple[str, dict[str, Any]],
    application: ApplicationOut,
) -> None:
    hooks = "/operational-webhook/endpoint"
    wanted = {"url": f"{receiver.url}/ok", "eventTypes": ["message.attempt.exhausted"]}
    hook = api.post(hooks, json=wanted).json()["id"]
    message = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    try:
        body = until(
            lambda: next(
                (
                    str(each["body"])
                    for each in receiver.entries("/ok")
                    if message.id in str(each["body"])
                ),
                None,
            ),
            WAIT_S,
            "the tenant is told of the exhausted delivery",
        )
    finally:
        api.delete(f"{hooks}/{hook}")
    assert '"code":"connection_refused"' in body
    assert '"documentation":"reference/failures/connection_refused"' in body

"""The headers of attempts as sent and received, through the API and the official SDK."""

from uuid import uuid4

import httpx
import pytest
from svix.api import (
    ApplicationOut,
    AppPortalAccessIn,
    AppPortalCapability,
    EndpointIn,
    MessageIn,
    Svix,
)

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252
from .test_sdk_expunge import places_of


def path_of_attempt(svix: Svix, application: ApplicationOut, message_id: str) -> str:
    """The API's path of the first recorded attempt of a message."""
    (attempt, *_) = until(
        lambda: svix.message_attempt.list_by_msg(application.id, message_id).data,
        WAIT_S,
        "an attempt is on record",
    )
    return f"/app/{application.id}/msg/{message_id}/attempt/{attempt.id}"


@pytest.mark.parametrize(("path", "status"), [("ok", 200), ("status/500", 500)])
def test_headers_are_read_as_they_were_sent_and_received(
    path: str,
    status: int,
    svix: Svix,
    api: httpx.Client,
    application: ApplicationOut,
    receiver: WebhookReceiver,
    platform: DevPlatform,
) -> None:
    secret = f"canary-{uuid4().hex}"
    url = f"{receiver.url}/{path}"
    svix.endpoint.create(application.id, EndpointIn(url=url, headers={"X-Team": secret}))
    posted = svix.message.create(application.id, MessageIn(event_type="a", payload={"a": 1}))
    attempt = path_of_attempt(svix, application, posted.id)

    answer = api.get(f"{attempt}/headers")

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["url"], found["method"], found["stored"]) == (url, "POST", True)
    assert found["sensitive"] == ["X-Team"]
    assert found["sentHeaders"]["webhook-id"] == posted.id
    assert found["sentHeaders"]["webhook-signature"].startswith("v1,")
    assert found["sentHeaders"]["Host"] == url.split("/")[2]
    assert found["responseStatusCode"] == status
    assert "content-length" in {name.lower() for name, _ in found["responseHeaders"]}
    assert [place for place in places_of(secret, platform) if place.startswith("worker")] == []
    members = api.get(attempt).json()
    assert (members["attemptNumber"], members["httpVersion"]) == (1, "1.1")
    assert ("nextAttempt" in members) == (status == 500)
    assert members["timings"]["total"] >= members["timings"]["body"] >= 0

    svix.message.expunge_content(application.id, posted.id)
    found = api.get(f"{attempt}/headers").json()
    assert (found["stored"], found["sentHeaders"], found["responseHeaders"]) == (False, {}, None)


def test_a_portal_token_needs_the_capability_that_shows_headers(
    svix: Svix, api: httpx.Client, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    posted = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    path = f"{path_of_attempt(svix, application, posted.id)}/headers"
    for capability, status in (
        (AppPortalCapability.VIEW_BASE, 403),
        (AppPortalCapability.MANAGE_ENDPOINT, 200),
    ):
        access = svix.authentication.app_portal_access(
            application.id,
            AppPortalAccessIn(capabilities=[AppPortalCapability.VIEW_BASE, capability]),
        )
        token = {"authorization": f"Bearer {access.token}"}
        assert api.get(path, headers=token).status_code == status

"""Sources through the official SDK: webhooks of other senders, verified, stored and delivered."""

import hashlib
import hmac
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from svix.api import IngestEndpointIn, IngestEndpointUpsertIn, IngestSourceIn, Svix, SvixOptions
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import (
    CronConfig,
    GithubConfig,
    IngestEndpointHeadersIn,
    IngestEndpointSecretIn,
    IngestSourceConsumerPortalAccessIn,
    IngestSourceOut,
    SlackConfig,
    StripeConfig,
    SvixConfig,
)
from svix.webhooks import Webhook

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252

SECRET = "the secret of the sender"
BODY = b'{"ref":"refs/heads/main",  "zen":"Speak like a human."}'


@pytest.fixture
def svix(platform: DevPlatform) -> Svix:
    """The synchronous client. The published document does not have these operations; the SDK's
    models check them."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


@pytest.fixture
def github(svix: Svix) -> IngestSourceOut:
    return svix.ingest.source.create(
        IngestSourceIn(
            name="GitHub",
            uid=f"gh-{uuid4().hex}",
            type="github",
            config=GithubConfig(secret=SECRET),
            metadata={"team": "a"},
        )
    )


def push(source: IngestSourceOut, *, delivery: str | None = None, url: str = "") -> httpx.Response:
    """Send what GitHub sends."""
    assert source.ingest_url is not None
    signature = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": delivery or uuid4().hex,
        "x-hub-signature-256": f"sha256={signature}",
    }
    return httpx.post(url or source.ingest_url, content=BODY, headers=headers)


def test_a_webhook_of_another_sender_is_delivered_signed_anew(
    svix: Svix, github: IngestSourceOut, receiver: WebhookReceiver, api: httpx.Client
) -> None:
    assert (github.type, github.metadata) == ("github", {"team": "a"})
    path = f"/{uuid4().hex}"
    endpoint = svix.ingest.endpoint.create(
        github.id, IngestEndpointIn(url=f"{receiver.url}/ok{path}", uid="deploy")
    )
    delivery = uuid4().hex
    answer = push(github, delivery=delivery)
    assert answer.status_code == 202, answer.text
    message = answer.json()["id"]
    assert answer.json()["eventType"] == "github.push"
    receiver.wait_for_ids({message})

    # The source's id stands for an application: its messages and attempts are read as any.
    stored = svix.message.get(github.id, message)
    assert stored.event_type == "github.push"
    assert stored.event_id == f"github.{delivery}"
    raw = api.get(f"/app/{github.id}/msg/{message}/raw")
    assert raw.content == BODY
    attempts = until(
        lambda: svix.message_attempt.list_by_msg(github.id, message).data, WAIT_S, "an attempt"
    )
    assert attempts[0].endpoint_id == endpoint.id

    again = push(github, delivery=delivery)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert len(svix.message.list(github.id).data) == 1


def test_what_the_sender_did_not_sign_is_refused(svix: Svix, github: IngestSourceOut) -> None:
    assert github.ingest_url is not None
    for headers in ({}, {"x-hub-signature-256": f"sha256={'0' * 64}"}):
        answer = httpx.post(github.ingest_url, content=BODY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    wrong = push(github, url=f"{github.ingest_url}x")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "authentication_failed")
    assert svix.message.list(github.id).data == []


def test_sources_live_their_whole_life(svix: Svix, github: IngestSourceOut) -> None:
    sources = svix.ingest.source
    assert sources.get(github.uid or "") == github
    assert github in sources.list().data
    assert github.uid not in [each.uid for each in svix.application.list().data]
    body = IngestSourceIn(name="Stripe", type="stripe", config=StripeConfig(secret="whsec_x"))
    replaced = sources.upsert(github.uid or "", body)
    assert (replaced.id, replaced.uid, replaced.type) == (github.id, github.uid, "stripe")
    assert (replaced.ingest_url, replaced.metadata) == (github.ingest_url, {})
    made = sources.upsert(f"new-{uuid4().hex}", body)
    assert made.id != github.id

    rotated = sources.rotate_token(github.id).ingest_url
    assert rotated not in (None, github.ingest_url)
    assert sources.get(github.id).ingest_url == rotated
    at = int(time.time())
    signed = hmac.new(b"whsec_x", f"{at}.".encode() + BODY, hashlib.sha256).hexdigest()
    for number, url in enumerate((rotated, github.ingest_url or "")):
        headers = {"stripe-signature": f"t={at},v1={signed}", "content-type": "application/json"}
        answer = httpx.post(url, content=BODY, headers=headers)
        assert answer.status_code == 202, (number, answer.text)

    sources.delete(github.id)
    with pytest.raises(HttpError) as absent:
        sources.get(github.id)
    assert absent.value.status_code == 404
    until(
        lambda: httpx.post(rotated, content=BODY).json()["code"] == "authentication_failed",
        10,
        "the URL of a deleted source is refused",
    )


def test_endpoints_of_a_source_live_their_whole_life(
    svix: Svix, github: IngestSourceOut, receiver: WebhookReceiver
) -> None:
    endpoints, source = svix.ingest.endpoint, github.uid or ""
    url = f"{receiver.url}/ok"
    made = endpoints.create(
        source, IngestEndpointIn(url=url, uid="one", headers={"X-A": "b"}, metadata={"k": "v"})
    )
    assert endpoints.get(source, "one") == made
    assert endpoints.list(source).data == [made]
    upsert = IngestEndpointUpsertIn(url=url, description="changed", throttle_rate=5, disabled=True)
    changed = endpoints.upsert(source, "one", upsert)
    assert (changed.id, changed.description, changed.disabled) == (made.id, "changed", True)
    assert endpoints.get_headers(source, "one").headers == {"X-A": "b"}
    endpoints.set_headers(source, "one", IngestEndpointHeadersIn(headers={"X-C": "d"}))
    assert endpoints.get_headers(source, "one").headers == {"X-C": "d"}
    before = endpoints.get_secret(source, "one").key
    endpoints.rotate_secret(source, "one", IngestEndpointSecretIn())
    assert endpoints.get_secret(source, "one").key != before
    # It is an endpoint of the application that the source is.
    assert svix.endpoint.get(github.id, "one").id == made.id
    assert endpoints.upsert(source, "two", IngestEndpointUpsertIn(url=url)).uid == "two"
    endpoints.delete(source, "one")
    assert [each.uid for each in endpoints.list(source).data] == ["two"]


def test_a_portal_of_a_source_sees_this_source_only(
    platform: DevPlatform, svix: Svix, github: IngestSourceOut
) -> None:
    access = svix.ingest.authentication.consumer_portal_access(
        github.id, IngestSourceConsumerPortalAccessIn(read_only=True)
    )
    assert "/portal#key=" in access.url
    with api_client(platform.url, access.token) as portal:
        assert portal.get(f"/app/{github.id}").json()["name"] == "GitHub"
        assert portal.get(f"/app/{github.id}/endpoint").status_code == 200
        body = {"url": "https://example.com"}
        assert portal.post(f"/app/{github.id}/endpoint", json=body).status_code == 403
        assert portal.get("/app").status_code == 403
    other = svix.ingest.source.create(
        IngestSourceIn(name="Other", type="generic-webhook", config={})
    )
    with api_client(platform.url, access.token) as portal:
        assert portal.get(f"/app/{other.id}/endpoint").status_code == 404


def test_the_challenge_of_slack_and_a_webhook_of_svix_are_understood(svix: Svix) -> None:
    slack = svix.ingest.source.create(
        IngestSourceIn(name="Slack", type="slack", config=SlackConfig(secret=SECRET))
    )
    body, at = b'{"type":"url_verification","challenge":"3eZbrw1aB"}', str(int(time.time()))
    signed = hmac.new(SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-signature": f"v0={signed}", "x-slack-request-timestamp": at}
    answer = httpx.post(slack.ingest_url or "", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1aB"})

    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    clerk = svix.ingest.source.create(
        IngestSourceIn(name="Clerk", type="clerk", config=SvixConfig(secret=secret))
    )
    text, msg_id = '{"type":"user.created"}', f"msg_{uuid4().hex}"
    now = datetime.now(UTC)
    headers = {
        "svix-id": msg_id,
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": Webhook(secret).sign(msg_id, now, text),
        "content-type": "application/json",
    }
    answer = httpx.post(clerk.ingest_url or "", content=text, headers=headers)
    assert (answer.status_code, answer.json()["eventType"]) == (202, "clerk.user.created")


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ({"type": "cron", "config": CronConfig(schedule="* * * * *", payload="{}")}, "type"),
        ({"type": "svix", "config": SvixConfig(secret="short")}, "config"),
        ({"type": "generic-webhook", "config": {"secret": "s"}}, "config"),
    ],
)
def test_types_and_configurations_that_do_not_exist_are_refused_by_name(
    svix: Svix, source: dict[str, Any], place: str
) -> None:
    with pytest.raises(HTTPValidationError) as refused:
        svix.ingest.source.create(IngestSourceIn(name="A", **source))
    fault = refused.value.detail[0]
    assert fault.loc[1] == place
    if place == "type":
        assert "`github`" in fault.msg
        assert "`stripe`" in fault.msg


def test_another_key_does_not_see_the_url(
    platform: DevPlatform, svix: Svix, github: IngestSourceOut, api: httpx.Client
) -> None:
    key = api.post("/api-key", json={"name": "r", "scope": "read"}).json()["token"]
    reader = Svix(key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    assert reader.ingest.source.get(github.id).ingest_url is None
    entries = api.get("/audit-log").text
    assert github.ingest_url is not None
    assert github.ingest_url.rpartition("/")[2] not in entries
    assert SECRET not in entries

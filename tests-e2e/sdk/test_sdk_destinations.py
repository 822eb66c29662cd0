"""Destinations through the official SDK: endpoints in order, and polled ones."""

from typing import Any

import pytest
from svix.api import (
    ApplicationOut,
    DestinationIn,
    DestinationListOptions,
    DestinationPatch,
    EndpointIn,
    EndpointSecretRotateIn,
    MessageIn,
    Svix,
    SvixOptions,
)
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import (
    DestinationStatus,
    DestinationStatusIn,
    FifoEndpointConfigIn,
    S3ConfigIn,
    SinkHttpConfigOut,
    SinkHttpConfigPatch,
)

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def svix(platform: DevPlatform) -> Svix:
    """The synchronous client. The published document does not have these operations; the SDK's
    models check them."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


def in_order(url: str, **members: Any) -> DestinationIn:
    config = FifoEndpointConfigIn(url=url, headers={"X-Team": "ledger"}, key=SECRET)
    return DestinationIn(type="fifoEndpoint", config=config, **members)


def test_messages_come_in_order_also_those_of_the_time_it_was_disabled(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    made = svix.destination.create(
        application.id,
        in_order(f"{receiver.url}/ok", uid="ledger", event_types=["a"], metadata={"k": "v"}),
    )
    assert isinstance(made.config, SinkHttpConfigOut)
    assert (made.config.url, made.config.headers.headers) == (
        f"{receiver.url}/ok",
        {"X-Team": "ledger"},
    )
    assert (made.status, made.event_types, made.metadata) == (
        DestinationStatus.ENABLED,
        ["a"],
        {"k": "v"},
    )
    assert svix.destination.get(application.id, "ledger") == made
    disable = DestinationPatch(
        type="fifoEndpoint", config=SinkHttpConfigPatch(), status=DestinationStatusIn.DISABLED
    )
    disabled = svix.destination.patch(application.id, made.id, disable)
    assert disabled.status == DestinationStatus.DISABLED
    posted = [
        svix.message.create(application.id, MessageIn(event_type="a", payload={"n": n})).id
        for n in range(3)
    ]
    enable = DestinationPatch(
        type="fifoEndpoint", config=SinkHttpConfigPatch(), status=DestinationStatusIn.ENABLED
    )
    svix.destination.patch(application.id, made.id, enable)
    posted.append(svix.message.create(application.id, MessageIn(event_type="a", payload={})).id)

    def received() -> list[str]:
        return [each["id"] for each in receiver.entries() if each["id"] in posted]

    until(lambda: len(received()) == 4, WAIT_S, "all are received")
    assert received() == posted


def test_the_list_has_destinations_only_and_goes_in_pages(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok", uid="unordered"))
    polled = svix.destination.create(
        application.id, DestinationIn(type="pollingEndpoint", config={})
    )
    pushed = svix.destination.create(application.id, in_order(f"{receiver.url}/ok"))
    first = svix.destination.list(application.id, DestinationListOptions(limit=1))
    assert (first.data, first.done) == ([pushed], False)
    rest = svix.destination.list(
        application.id, DestinationListOptions(limit=5, iterator=first.iterator)
    )
    assert (rest.data, rest.done) == ([polled], True)
    assert (polled.type, polled.config) == ("pollingEndpoint", {})
    assert svix.message.poller.poll(application.id, polled.id).data == []
    for call in (svix.destination.get, svix.destination.delete):
        with pytest.raises(HttpError) as refused:
            call(application.id, "unordered")
        assert refused.value.status_code == 404


def test_an_upsert_creates_replaces_and_repeats(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    body = in_order(f"{receiver.url}/ok", event_types=["a"])
    created = svix.destination.upsert(application.id, "ledger", body)
    again = svix.destination.upsert(application.id, "ledger", body)
    assert (again.id, again.uid, again.config) == (created.id, "ledger", created.config)
    replaced = svix.destination.upsert(
        application.id, "ledger", in_order(f"{receiver.url}/ok?second", channels=["c"])
    )
    assert (replaced.id, replaced.event_types, replaced.channels) == (created.id, None, ["c"])
    assert isinstance(replaced.config, SinkHttpConfigOut)
    assert replaced.config.url.endswith("?second")
    assert svix.endpoint.get_secret(application.id, "ledger").key == SECRET

    rotated = svix.destination.rotate_secret(
        application.id, "ledger", EndpointSecretRotateIn(grace_period_seconds=0)
    )
    assert rotated.key == svix.endpoint.get_secret(application.id, "ledger").key != SECRET
    svix.destination.delete(application.id, "ledger")
    assert svix.destination.list(application.id).data == []


def test_kinds_and_batches_that_do_not_exist_are_refused_by_name(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    bucket = S3ConfigIn(bucket="b", access_key_id="a", secret_access_key="s", region="eu-1")
    for body, location, sentence in (
        (
            DestinationIn(type="amazonS3", config=bucket),
            ["body", "type"],
            "`type` must be one of `fifoEndpoint`, `pollingEndpoint`.",
        ),
        (
            in_order(f"{receiver.url}/ok", batch_size=100),
            ["body", "batchSize"],
            "`batchSize` must be `1`.",
        ),
    ):
        with pytest.raises(HTTPValidationError) as refused:
            svix.destination.create(application.id, body)
        faults = {tuple(fault.loc): fault.msg for fault in refused.value.detail}
        assert faults[tuple(location)] == sentence

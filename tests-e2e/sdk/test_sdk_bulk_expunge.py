"""Content of many messages deleted, and a person erased, through the official SDK."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from svix.api import (
    ApplicationOut,
    BulkExpungeContentsIn,
    BulkExpungeContentsOut,
    EndpointIn,
    MessageGetOptions,
    MessageIn,
    Svix,
    SvixOptions,
)
from svix.exceptions import HttpError
from svix.models import BulkExpungeStatus

from ..dev_platform import DevPlatform  # noqa: TID252 - no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252
from .test_sdk_expunge import attempts_of, await_places, places_of


@pytest.fixture
def svix(platform: DevPlatform) -> Svix:
    """The published document, which the shared client's answers are checked by, does not have these
    operations; the SDK's models check them."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


def finished(svix: Svix, task_id: str) -> dict[str, Any]:
    """The data of a task, once it has finished."""
    task = until(
        lambda: (
            found
            if (found := svix.background_task.get(task_id)).status.value == "finished"
            else None
        ),
        WAIT_S,
        "the task has finished",
    )
    data: dict[str, Any] = task.data
    return data


def test_many_messages_are_expunged(svix: Svix, application: ApplicationOut) -> None:
    posted = [
        svix.message.create(application.id, MessageIn(event_type="a", payload={"n": n}))
        for n in range(3)
    ]
    ids = [posted[0].id, posted[1].id, "other"]

    def bulk() -> BulkExpungeContentsOut | None:
        try:
            return svix.message.bulk_expunge_content(application.id, BulkExpungeContentsIn(ids=ids))
        except HttpError as refusal:
            if refusal.status_code != 409:
                raise
            return None

    done = until(bulk, WAIT_S, "no batch contains the messages")
    assert done.results == {
        ids[0]: BulkExpungeStatus.EXPUNGED,
        ids[1]: BulkExpungeStatus.EXPUNGED,
        "other": BulkExpungeStatus.NOT_FOUND,
    }
    started = svix.message.expunge_all_contents(application.id)
    data = finished(svix, started.id)
    assert (data["looked"], data["expunged"], data["kept"]) == (3, 1, 0)
    whole = MessageGetOptions(with_content=True)
    for each in posted:
        found = svix.message.get(application.id, each.id, whole)
        assert found.payload == {"expired": True}


def test_nothing_of_a_person_is_left(
    svix: Svix,
    api: httpx.Client,
    application: ApplicationOut,
    receiver: WebhookReceiver,
    platform: DevPlatform,
) -> None:
    canary = f"canary-{uuid4().hex}"
    # Operational webhooks repeat the eventId, and fail too.
    operational = {"url": f"{receiver.url}/status/500"}
    assert api.post("/operational-webhook/endpoint", json=operational).status_code == 201
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/status/500"))
    message = MessageIn(
        event_type="a",
        payload={"card": canary},
        event_id=f"event-{canary}",
        tags=[f"person-{canary}", "other"],
    )
    posted = svix.message.create(application.id, message)
    until(lambda: attempts_of(svix, application.id, posted.id), WAIT_S, "the message was attempted")
    await_places(
        canary,
        platform,
        [
            "gateway.event_claim.event_id",
            "gateway.message.event_id",
            "gateway.message.payload",
            "gateway.message.tags",
            "worker.pending_delivery.payload",
        ],
    )
    body = {"tag": f"person-{canary}", "cancelPending": True}
    started = api.post("/erasure", json=body)
    assert started.status_code == 202, started.text
    receipt = finished(svix, started.json()["id"])["receipt"]

    assert places_of(canary, platform) == []
    assert receipt["rows"]["operational message"] in {0, 1}  # if the retries were used up by then
    rows = dict(receipt["rows"])
    assert rows.pop("attempt") >= 1
    assert rows.pop("pending_delivery") in {0, 1, 2}  # likewise
    assert rows | {"operational message": 0} == {
        "message": 1,
        "event_claim": 1,
        "operational message": 0,
        "application": 0,
    }
    request = {"receipt": receipt, "tag": f"person-{canary}"}
    verified = api.post("/erasure/verify-receipt", json=request)
    assert verified.json() == {"genuine": True, "subjectMatches": True}
    receipt["rows"]["message"] = 2
    assert api.post("/erasure/verify-receipt", json=request).json()["genuine"] is False
    assert svix.message.get(application.id, posted.id).event_id is None

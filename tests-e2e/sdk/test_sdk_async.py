"""The asynchronous client of the official SDK: the whole way once, and many calls at once."""

import asyncio
from uuid import uuid4

import pytest
from svix.api import (
    ApplicationIn,
    ApplicationPatch,
    EndpointIn,
    EventTypeIn,
    MessageGetOptions,
    MessageIn,
    SvixAsync,
)
from svix.exceptions import HttpError
from svix.webhooks import Webhook

from ..webhook_receiver import WebhookReceiver  # noqa: TID252 - tests are no installed package


async def test_one_event_goes_in_and_one_signed_webhook_comes_out(
    svix_async: SvixAsync, receiver: WebhookReceiver
) -> None:
    uid, event_type = f"app-{uuid4().hex}", f"invoice.paid-{uuid4().hex}"
    await svix_async.health.get()
    await svix_async.event_type.create(EventTypeIn(name=event_type, description="Paid."))
    application = await svix_async.application.get_or_create(ApplicationIn(name="A", uid=uid))
    endpoint = await svix_async.endpoint.create(
        uid, EndpointIn(url=f"{receiver.url}/ok", event_types=[event_type])
    )
    secret = (await svix_async.endpoint.get_secret(uid, endpoint.id)).key

    message = await svix_async.message.create(
        uid, MessageIn(event_type=event_type, payload={"cents": 4200})
    )

    entry = await asyncio.to_thread(receiver.wait_accepted, message.id)
    headers = {
        "webhook-id": entry["id"],
        "webhook-timestamp": entry["timestamp"],
        "webhook-signature": entry["signature"],
    }
    Webhook(secret).verify(entry["body"], headers)
    stored = await svix_async.message.get(uid, message.id, MessageGetOptions(with_content=True))
    assert stored.payload == {"cents": 4200}
    patched = await svix_async.application.patch(uid, ApplicationPatch(name="B"))
    assert (patched.id, patched.name) == (application.id, "B")
    await svix_async.endpoint.delete(uid, endpoint.id)
    await svix_async.application.delete(uid)
    with pytest.raises(HttpError):
        await svix_async.application.get(uid)


async def test_many_posts_at_once_are_all_delivered_once(
    svix_async: SvixAsync, receiver: WebhookReceiver
) -> None:
    application = await svix_async.application.create(ApplicationIn(name="A"))
    await svix_async.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))

    async with asyncio.TaskGroup() as posts:
        posted = [
            posts.create_task(
                svix_async.message.create(
                    application.id, MessageIn(event_type="a", payload={"number": number})
                )
            )
            for number in range(50)
        ]

    wanted = {task.result().id for task in posted}
    await asyncio.to_thread(receiver.wait_for_ids, wanted)
    assert receiver.summary()["received"] == len(wanted) == 50


async def test_of_many_that_create_the_same_one_succeeds(svix_async: SvixAsync) -> None:
    uid = f"app-{uuid4().hex}"

    results = await asyncio.gather(
        *(svix_async.application.create(ApplicationIn(name="A", uid=uid)) for _ in range(8)),
        return_exceptions=True,
    )

    refusals = [result for result in results if isinstance(result, HttpError)]
    assert len(refusals) == 7
    assert {refusal.status_code for refusal in refusals} == {409}
    (created,) = [result for result in results if not isinstance(result, BaseException)]
    assert (await svix_async.application.get(uid)).id == created.id

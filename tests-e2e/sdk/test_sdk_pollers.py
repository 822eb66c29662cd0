"""Endpoints that are polled, through the official SDK: by a client's and a stored position."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from svix.api import (
    ApplicationIn,
    ApplicationOut,
    EndpointIn,
    EndpointPatch,
    MessageIn,
    MessagePollerConsumerPollOptions,
    MessagePollerPollOptions,
    Svix,
    SvixAsync,
    SvixOptions,
)
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import PollingEndpointConsumerSeekIn, PollingEndpointOut

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - no installed package
from ..waiting import until  # noqa: TID252

WAIT_S = 20.0


@pytest.fixture
def svix(platform: DevPlatform) -> Svix:
    """The synchronous client. The published document, which the shared one's answers are checked
    by, does not have these operations; the SDK's models check them."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


@pytest.fixture
def poller(svix: Svix, application: ApplicationOut) -> str:
    """An endpoint that is polled for messages with the channel `c`."""
    endpoint = EndpointIn(url="poll://messages", uid="poller", channels=["c"])
    return svix.endpoint.create(application.id, endpoint).id


def post(svix: Svix, app_id: str, count: int, event_type: str = "a") -> list[str]:
    """Messages for the poller, and between them some that its filter does not match."""
    ids = []
    for number in range(count):
        for channel in ("c", "d"):
            message = MessageIn(
                event_type=event_type, payload={"number": number}, channels=[channel], tags=["t"]
            )
            made = svix.message.create(app_id, message)
            if channel == "c":
                ids.append(made.id)
    return ids


def available(svix: Svix, app_id: str, sink_id: str, count: int) -> PollingEndpointOut:
    """The first page, once it has so many messages."""

    def found() -> PollingEndpointOut | None:
        page = svix.message.poller.poll(app_id, sink_id)
        return page if len(page.data) == count else None

    return until(found, WAIT_S, f"{count} messages are available")


def ids_of(page: PollingEndpointOut) -> list[str]:
    return [message.id for message in page.data]


def test_a_client_reads_on_from_the_iterator_that_it_stores(
    svix: Svix, application: ApplicationOut, poller: str
) -> None:
    posted = post(svix, application.id, 3)
    page = available(svix, application.id, poller, 3)
    assert sorted(ids_of(page)) == posted
    assert page.done
    first = page.data[0]
    assert (first.event_type, first.channels, first.tags) == ("a", ["c"], ["t"])
    assert first.payload == {"number": posted.index(first.id)}
    assert first.timestamp == svix.message.get(application.id, first.id).timestamp

    pages: list[PollingEndpointOut] = []
    options = MessagePollerPollOptions(limit=2)
    while not pages or not pages[-1].done:
        pages.append(svix.message.poller.poll(application.id, "poller", options))
        options = MessagePollerPollOptions(limit=2, iterator=pages[-1].iterator)
    assert [len(each.data) for each in pages] == [2, 1]
    assert [one for each in pages for one in ids_of(each)] == ids_of(page)
    nothing = svix.message.poller.poll(application.id, poller, options)
    assert (nothing.data, nothing.iterator) == ([], pages[-1].iterator)

    # What is resent is available again, after everything else.
    svix.message_attempt.resend(application.id, posted[0], poller)
    again = until(
        lambda: svix.message.poller.poll(application.id, poller, options).data, WAIT_S, "it is"
    )
    assert [message.id for message in again] == [posted[0]]


def test_a_poll_waits_until_there_is_a_message(
    api: httpx.Client, svix: Svix, application: ApplicationOut, poller: str
) -> None:
    path = f"/app/{application.id}/poller/{poller}"
    with ThreadPoolExecutor() as others:
        waiting = [
            others.submit(api.get, each, params={"wait": 15})
            for each in (path, f"{path}/consumer/nightly")
        ]
        (posted,) = post(svix, application.id, 1)
        pages = [each.result().json() for each in waiting]
    assert [[message["id"] for message in page["data"]] for page in pages] == [[posted]] * 2
    # Somebody who has read everything gets an empty page after that time.
    iterator = pages[0]["iterator"]
    nothing = api.get(path, params={"wait": 1, "iterator": iterator}).json()
    assert (nothing["data"], nothing["done"], nothing["iterator"]) == ([], True, iterator)


def test_a_page_can_be_narrowed(svix: Svix, application: ApplicationOut, poller: str) -> None:
    post(svix, application.id, 1)
    (other,) = post(svix, application.id, 1, "b")
    available(svix, application.id, poller, 2)

    def found(**options: Any) -> list[str]:
        page = svix.message.poller.poll(application.id, poller, MessagePollerPollOptions(**options))
        return ids_of(page)

    assert found(event_type="b") == [other]
    assert found(channel="c", event_type="b") == [other]
    assert found(channel="d") == []
    assert found(after=datetime(2040, 1, 1, tzinfo=UTC)) == []
    assert len(found(after=datetime(2020, 1, 1, tzinfo=UTC))) == 2


def test_the_position_of_a_consumer_moves_when_it_passes_the_iterator(
    svix: Svix, application: ApplicationOut, poller: str, api: httpx.Client
) -> None:
    before = datetime.now(UTC)
    post(svix, application.id, 3)
    everything = ids_of(available(svix, application.id, poller, 3))
    consume, consumer = svix.message.poller.consumer_poll, uuid4().hex
    options = MessagePollerConsumerPollOptions(limit=2)

    first = consume(application.id, poller, consumer, options)
    assert ids_of(first) == everything[:2]
    assert ids_of(consume(application.id, poller, consumer, options)) == everything[:2]
    confirmed = MessagePollerConsumerPollOptions(limit=2, iterator=first.iterator)
    assert ids_of(consume(application.id, poller, consumer, confirmed)) == everything[2:]
    assert ids_of(consume(application.id, poller, consumer)) == everything[2:]
    assert ids_of(consume(application.id, poller, f"{consumer}-2")) == everything

    path = f"/app/{application.id}/poller/{poller}/consumer"
    listed = api.get(path).json()["data"]
    behind = {each["id"]: each["behind"] for each in listed}
    assert behind == {consumer: 1, f"{consumer}-2": 3}

    seek = PollingEndpointConsumerSeekIn(after=before)
    sought = svix.message.poller.consumer_seek(application.id, poller, consumer, seek)
    # An iterator from before the seek confirms nothing.
    assert ids_of(consume(application.id, poller, consumer, confirmed)) == everything[:2]
    from_there = MessagePollerConsumerPollOptions(iterator=sought.iterator)
    assert ids_of(consume(application.id, poller, consumer, from_there)) == everything
    assert api.delete(f"{path}/{consumer}").status_code == 204
    assert ids_of(consume(application.id, poller, consumer)) == everything


def test_what_is_no_iterator_and_what_is_no_poller_is_refused(
    svix: Svix, application: ApplicationOut, poller: str
) -> None:
    with pytest.raises(HTTPValidationError) as unread:
        svix.message.poller.poll(
            application.id, poller, MessagePollerPollOptions(iterator="nonsense")
        )
    assert unread.value.detail[0].loc == ["query", "iterator"]
    with pytest.raises(HTTPValidationError) as pushed:
        svix.endpoint.patch(application.id, poller, EndpointPatch(throttle_rate=5))
    assert pushed.value.detail[0].loc == ["body", "throttleRate"]
    pushed_to = svix.endpoint.create(application.id, EndpointIn(url="https://example.com/a"))
    with pytest.raises(HttpError) as missing:
        svix.message.poller.poll(application.id, pushed_to.id)
    assert missing.value.status_code == 404


def test_a_poller_is_an_endpoint(svix: Svix, application: ApplicationOut, poller: str) -> None:
    (listed,) = svix.endpoint.list(application.id).data
    assert (listed.id, listed.url) == (poller, "poll://messages")
    (posted,) = post(svix, application.id, 1)
    available(svix, application.id, poller, 1)
    (attempt,) = svix.message_attempt.list_by_endpoint(application.id, poller).data
    assert (attempt.msg_id, attempt.url, attempt.status.value) == (posted, "poll://messages", 0)
    assert svix.endpoint.get_stats(application.id, poller).success == 1

    svix.endpoint.patch(application.id, poller, EndpointPatch(disabled=True))
    post(svix, application.id, 1)
    svix.endpoint.patch(application.id, poller, EndpointPatch(disabled=False))
    (last,) = post(svix, application.id, 1)
    assert set(ids_of(available(svix, application.id, poller, 2))) == {posted, last}

    svix.message.expunge_content(application.id, posted)
    first = svix.message.poller.poll(application.id, poller).data[0]
    assert (first.id, first.payload) == (posted, {"expired": True})
    svix.endpoint.delete(application.id, poller)
    with pytest.raises(HttpError):
        svix.message.poller.poll(application.id, poller)


async def test_the_asynchronous_client_polls_what_it_posts(platform: DevPlatform) -> None:
    svix_async = SvixAsync(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    application = await svix_async.application.create(ApplicationIn(name="A"))
    sink = await svix_async.endpoint.create(application.id, EndpointIn(url="poll://messages"))
    posted = await svix_async.message.create(
        application.id, MessageIn(event_type="a", payload={"cents": 4200})
    )
    poller, options = svix_async.message.poller, MessagePollerConsumerPollOptions()
    page = await poller.consumer_poll(application.id, sink.id, "c", options)
    while not page.data:
        options = MessagePollerConsumerPollOptions(iterator=page.iterator)
        page = await poller.consumer_poll(application.id, sink.id, "c", options)
    assert [(each.id, each.payload) for each in page.data] == [(posted.id, {"cents": 4200})]
    seek = PollingEndpointConsumerSeekIn(after=posted.timestamp)
    await poller.consumer_seek(application.id, sink.id, "c", seek)
    assert ids_of(await poller.consumer_poll(application.id, sink.id, "c")) == [posted.id]
    assert ids_of(await poller.poll(application.id, sink.id)) == [posted.id]


def test_keys_and_portal_tokens_of_the_application_poll_it(
    platform: DevPlatform, svix: Svix, application: ApplicationOut, poller: str, api: httpx.Client
) -> None:
    post(svix, application.id, 1)
    available(svix, application.id, poller, 1)
    key = {"name": "k", "scope": "application", "appId": application.id}
    tokens = {
        "key": api.post("/api-key", json=key).json()["token"],
        "portal": api.post(f"/auth/app-portal-access/{application.id}", json={}).json()["token"],
    }
    elsewhere = svix.application.create(ApplicationIn(name="Other"))
    for token in tokens.values():
        with api_client(platform.url, token) as client:
            for path in ("", "/consumer/c", "/consumer"):
                answer = client.get(f"/app/{application.id}/poller/{poller}{path}")
                assert answer.status_code == 200, answer.text
                other = client.get(f"/app/{elsewhere.id}/poller/{poller}{path}")
                assert other.status_code in (403, 404)

"""The main flow on Postgres, started from its wheel."""

from pathlib import Path

from svix.api import ApplicationIn, EndpointIn, MessageIn, MessageStatus, Svix, SvixOptions

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .webhook_checks import verify_with_both_packages


def test_the_whole_path_on_postgres(platform_folder: Path, receiver: WebhookReceiver) -> None:
    with DevPlatform(
        platform_folder, database="postgres", ANGARIUM_RETRY_SCHEDULE="200ms,400ms"
    ) as platform:
        urls = platform.state["database_urls"]
        assert all(url.startswith("postgresql+asyncpg://") for url in urls.values())
        assert len(set(urls.values())) == 3
        svix = Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))
        app = svix.application.create(ApplicationIn(name="A", uid="a")).id
        flaky = svix.endpoint.create(app, EndpointIn(url=f"{receiver.url}/fail/1", uid="flaky"))
        svix.endpoint.create(
            app, EndpointIn(url=f"{receiver.url}/ok", uid="paid", event_types=["invoice.paid"])
        )
        secret = svix.endpoint.get_secret(app, "flaky").key
        paid = svix.message.create(app, MessageIn(event_type="invoice.paid", payload={"n": 1})).id
        sent = svix.message.create(app, MessageIn(event_type="invoice.sent", payload={"n": 2})).id

        for message in (paid, sent):
            entry = receiver.wait_accepted(message, path="/fail/1")
            verify_with_both_packages(entry, secret)

        assert receiver.ids("/ok") == {paid}
        made = until(
            lambda: (
                data
                if len(data := svix.message_attempt.list_by_endpoint(app, flaky.id).data) == 4
                else None
            ),
            20,
            "four attempts are on record",
        )
        assert sorted(one.status for one in made) == [
            MessageStatus.SUCCESS,
            MessageStatus.SUCCESS,
            MessageStatus.FAIL,
            MessageStatus.FAIL,
        ]
        assert [one.id for one in svix.message.list(app).data] == [sent, paid]
        assert platform.stop() == 0
        assert platform.left_behind() == []

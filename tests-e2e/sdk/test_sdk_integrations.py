"""Integrations through the official SDK: keys of third parties for one application."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from svix.api import (
    ApplicationIn,
    ApplicationOut,
    EventTypeIn,
    IntegrationIn,
    IntegrationUpdate,
    MessageIn,
    Svix,
    SvixOptions,
)
from svix.exceptions import HttpError

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252


@pytest.fixture
def svix(platform: DevPlatform) -> Svix:
    """The synchronous client. The published document does not have these operations; the SDK's
    models check them."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


def client_of(platform: DevPlatform, key: str) -> Svix:
    return Svix(key, SvixOptions(server_url=platform.url, retry_schedule=[]))


def refused_with(status: int, call: Callable[[], object]) -> bool:
    try:
        call()
    except HttpError as refused:
        return refused.status_code == status
    return False


def test_a_third_party_uses_its_application_and_no_other(
    platform: DevPlatform, svix: Svix, application: ApplicationOut
) -> None:
    made = svix.integration.create(application.id, IntegrationIn(name="Zapier"))
    assert svix.integration.get(application.id, made.id) == made
    assert [each.id for each in svix.integration.list(application.id).data] == [made.id]
    zapier = client_of(platform, svix.integration.rotate_key(application.id, made.id).key)
    posted = zapier.message.create(application.id, MessageIn(event_type="a", payload={}))
    assert svix.message.get(application.id, posted.id).id == posted.id

    elsewhere = svix.application.create(ApplicationIn(name="Other"))
    for call, status in (
        (lambda: zapier.application.get(elsewhere.id), 404),
        (lambda: zapier.application.list(), 403),
        (lambda: zapier.integration.list(application.id), 403),
        (lambda: svix.integration.get(elsewhere.id, made.id), 404),
    ):
        with pytest.raises(HttpError) as refused:
            call()
        assert refused.value.status_code == status

    again = svix.integration.rotate_key(application.id, made.id).key
    until(
        lambda: refused_with(401, lambda: zapier.application.get(application.id)),
        10,
        "the former key is refused",
    )
    successor = client_of(platform, again)
    assert successor.application.get(application.id).id == application.id
    svix.integration.delete(application.id, made.id)
    assert svix.integration.list(application.id).data == []
    until(
        lambda: refused_with(401, lambda: successor.application.get(application.id)),
        10,
        "the key of a deleted integration is refused",
    )


def test_an_integration_sees_the_event_types_of_its_flags(
    platform: DevPlatform, svix: Svix, application: ApplicationOut
) -> None:
    flag, name = uuid4().hex, f"t-{uuid4().hex}"
    svix.event_type.create(EventTypeIn(name=name, description="", feature_flags=[flag]))
    made = svix.integration.create(
        application.id, IntegrationIn(name="Zapier", feature_flags=[flag])
    )
    assert made.feature_flags == [flag]
    key = svix.integration.rotate_key(application.id, made.id).key
    assert client_of(platform, key).event_type.get(name).name == name

    update = IntegrationUpdate(name="Make")
    changed = svix.integration.update(application.id, made.id, update)
    assert (changed.name, changed.feature_flags) == ("Make", [])
    assert changed.updated_at > made.updated_at
    until(
        lambda: refused_with(404, lambda: client_of(platform, key).event_type.get(name)),
        10,
        "the event type is hidden",
    )

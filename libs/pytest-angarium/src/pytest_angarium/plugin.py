"""The fixtures."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from .deliveries import new_secret
from .fake_platform import FakePlatform
from .transports import transport_to
from .webhook_senders import AsyncWebhookSender, WebhookSender


class NewWebhookSender(Protocol):
    """Makes a sender of webhooks to an application."""

    def __call__(self, target: Any, *, path: str = "/webhooks") -> WebhookSender: ...


class NewAsyncWebhookSender(Protocol):
    """Makes a sender of webhooks to an application, for async tests."""

    def __call__(self, target: Any, *, path: str = "/webhooks") -> AsyncWebhookSender: ...


@pytest.fixture
def webhook_secret() -> str:
    """The secret with which the senders sign: configure the application with it."""
    return new_secret()


@pytest.fixture
def webhook_sender(webhook_secret: str) -> NewWebhookSender:
    """Makes a sender: give it a WSGI or ASGI application, or the URL of a server."""

    def make(target: Any, *, path: str = "/webhooks") -> WebhookSender:
        return WebhookSender(transport_to(target, path), webhook_secret)

    return make


@pytest.fixture
def async_webhook_sender(webhook_secret: str) -> NewAsyncWebhookSender:
    """As `webhook_sender`, for async tests."""

    def make(target: Any, *, path: str = "/webhooks") -> AsyncWebhookSender:
        return AsyncWebhookSender(transport_to(target, path), webhook_secret)

    return make


@pytest.fixture
def fake_angarium() -> Iterator[FakePlatform]:
    """A platform on this machine that accepts messages and records them."""
    with FakePlatform() as platform:
        yield platform

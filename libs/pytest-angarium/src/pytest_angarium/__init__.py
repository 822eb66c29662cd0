"""Fixtures for tests of what receives webhooks, and of what posts events to Angarium."""

from .deliveries import Delivery
from .fake_platform import FakePlatform, PostedMessage
from .transports import Response
from .webhook_senders import AsyncWebhookSender, WebhookSender

__all__ = [
    "AsyncWebhookSender",
    "Delivery",
    "FakePlatform",
    "PostedMessage",
    "Response",
    "WebhookSender",
]

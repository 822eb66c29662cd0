"""Receive a webhook of another sender: verify it, and accept it as a message."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from angarium_contracts.ids import APPLICATION, format_id

from angarium_gateway.application.accept.accept_message import AcceptOutcome, Draft
from angarium_gateway.domain.ingest.reading import (
    answer_to_challenge,
    event_id_of,
    event_type_of,
    members_of,
)
from angarium_gateway.domain.ingest.verification import ReceivedWebhook, verify_webhook

from .sources import Source


class AcceptsDrafts(Protocol):
    """Accepts a message for an application."""

    async def __call__(
        self, tenant_id: bytes, application_ref: str, draft: Draft
    ) -> AcceptOutcome: ...


class WebhookPayload(NamedTuple):
    """The body to deliver. `content_type` is None for the text of a JSON object."""

    content: bytes
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Challenged:
    """The sender asked whether the URL is right: there is no message."""

    answer: dict[str, str]


class ReceiveWebhook:
    """Turns the webhooks of a source into its messages. `now` returns aware times."""

    def __init__(self, accept: AcceptsDrafts, now: Callable[[], datetime]) -> None:
        self._accept = accept
        self._now = now

    async def __call__(
        self, source: Source, webhook: ReceivedWebhook, payload: WebhookPayload, trace: str | None
    ) -> AcceptOutcome | Challenged:
        """Accept a webhook. Its sender's id of the event is the eventId, so that a repeated attempt
        is not a second message. Raises `NotVerified`."""
        rules = source.rules
        verify_webhook(rules.scheme, source.config, webhook, self._now().timestamp())
        members = members_of(webhook.body)
        answer = answer_to_challenge(rules.challenge, source.config, members)
        if answer is not None:
            return Challenged(answer)
        draft = Draft(
            event_type=event_type_of(source.type, rules, webhook, members),
            payload=payload.content,
            event_id=event_id_of(source.type, rules, webhook, members),
            trace=trace,
            content_type=payload.content_type,
        )
        ref = format_id(APPLICATION, source.id)
        return await self._accept(source.caller.tenant_id, ref, draft)

"""Sends messages of the journal to one endpoint, through the worker."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from angarium_contracts.deliveries import (
    DeliveriesChanged,
    ExpungeMessage,
    MatchedMessages,
    MatchMessages,
    MessageKind,
    ResendDeliveries,
    ResentMessage,
)
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.messages import NewMessage

from .replayed_messages import MessageHead, ReplayedMessages

REDELIVERED_AT_ONCE_MAX: Final = 100
REDELIVERED_BYTES_AT_ONCE_MAX: Final = 4 * 1024 * 1024
"""Limits of one command to the worker; a larger message goes alone."""


EXPUNGED_REASON: Final = "the content of the message was deleted"


class Chosen(NamedTuple):
    """A message to deliver, with its retry schedule."""

    head: MessageHead
    retry_delays_s: tuple[float, ...] | None


class RedeliveryDispatcher:
    """Matches messages with an endpoint at the dispatcher, and hands them to the worker."""

    def __init__(
        self, *, journal: ReplayedMessages, ask_dispatcher: ServiceQuery, ask_worker: ServiceQuery
    ) -> None:
        self._journal = journal
        self._ask_dispatcher = ask_dispatcher
        self._ask_worker = ask_worker

    async def match(
        self,
        tenant_id: bytes,
        application: str | bytes,
        endpoint: str | bytes,
        heads: Sequence[MessageHead],
        *,
        ignore_filters: bool,
    ) -> MatchedMessages | Problem:
        """Match at most 100 messages with an endpoint's filters; with `ignore_filters`, all match.
        Application and endpoint are given by id or reference. A `Problem` when the endpoint is
        disabled or does not exist."""
        question = MatchMessages(
            tenant_id=tenant_id,
            application_ref=_ref(APPLICATION, application),
            ref=_ref(ENDPOINT, endpoint),
            kinds=tuple(MessageKind(head.event_type, head.channels, head.tags) for head in heads),
            by_hand=ignore_filters,
        )
        return await self._ask_dispatcher(question, MatchedMessages)

    async def send(
        self,
        tenant_id: bytes,
        matched: MatchedMessages,
        chosen: Sequence[Chosen],
        *,
        only_missing: bool = False,
    ) -> int | Problem:
        """Have the worker deliver messages that fit one command (see `fitting`), as
        `ResendDeliveries` describes; the number that it accepts. Messages that the endpoint's
        filter refuses because of their payload are left out."""
        application_id = matched.application_id
        ids = [item.head.id for item in chosen]
        messages = await self._journal.with_payloads(application_id, ids)
        delays = {item.head.id: item.retry_delays_s for item in chosen}
        if matched.needs_payload:
            wanted = await self._wanted_by_payload(tenant_id, matched, messages)
            if isinstance(wanted, Problem):
                return wanted
            messages = wanted
            if not messages:
                return 0
        return await self.send_messages(
            tenant_id,
            matched,
            [(message, delays[message.id]) for message in messages],
            only_missing=only_missing,
        )

    async def send_messages(
        self,
        tenant_id: bytes,
        matched: MatchedMessages,
        messages: Sequence[tuple[NewMessage, tuple[float, ...] | None]],
        *,
        only_missing: bool = False,
    ) -> int | Problem:
        """Like `send`, for messages that are loaded already."""
        command = ResendDeliveries(
            tenant_id=tenant_id,
            application_id=matched.application_id,
            endpoint_id=matched.endpoint_id,
            endpoint_version=matched.endpoint_version,
            messages=tuple(_resent(message, delays) for message, delays in messages),
            weight=matched.weight,
            only_missing=only_missing,
        )
        changed = await self._ask_worker(command, DeliveriesChanged)
        if isinstance(changed, Problem):
            return changed
        return await self._without_expunged(matched.application_id, command) or changed.count

    async def _wanted_by_payload(
        self, tenant_id: bytes, matched: MatchedMessages, messages: Sequence[NewMessage]
    ) -> Sequence[NewMessage] | Problem:
        """Those of the messages that the endpoint's filter accepts, given their payloads."""
        if not messages:
            return messages
        question = MatchMessages(
            tenant_id=tenant_id,
            application_ref=_ref(APPLICATION, matched.application_id),
            ref=_ref(ENDPOINT, matched.endpoint_id),
            kinds=tuple(
                MessageKind(
                    each.event_type, each.channels, each.tags, each.payload, each.content_type
                )
                for each in messages
            ),
        )
        answer = await self._ask_dispatcher(question, MatchedMessages)
        if isinstance(answer, Problem):
            return answer
        return [each for each, wanted in zip(messages, answer.wanted, strict=True) if wanted]

    async def _without_expunged(
        self, application_id: bytes, command: ResendDeliveries
    ) -> Problem | None:
        """Delete at the worker what was deleted in the journal after it was read: the deletion may
        have come to the worker before this command."""
        ids = [message.id for message in command.messages]
        for head in (await self._journal.heads(application_id, ids)).values():
            if head.expunged:
                expunge = ExpungeMessage(message_id=head.id, reason=EXPUNGED_REASON)
                expunged = await self._ask_worker(expunge, DeliveriesChanged)
                if isinstance(expunged, Problem):
                    return expunged
        return None


def fitting(chosen: Sequence[Chosen]) -> Sequence[Chosen]:
    """The longest prefix that fits one command, and at least one message."""
    room_bytes = REDELIVERED_BYTES_AT_ONCE_MAX
    for count, item in enumerate(chosen[:REDELIVERED_AT_ONCE_MAX]):
        room_bytes -= item.head.payload_bytes
        if count and room_bytes < 0:
            return chosen[:count]
    return chosen[:REDELIVERED_AT_ONCE_MAX]


def _ref(prefix: str, name: str | bytes) -> str:
    return format_id(prefix, name) if isinstance(name, bytes) else name


def _resent(message: NewMessage, retry_delays_s: tuple[float, ...] | None) -> ResentMessage:
    return ResentMessage(
        id=message.id,
        event_type=message.event_type,
        payload=message.payload,
        trace=message.trace,
        channels=message.channels,
        retry_delays_s=retry_delays_s,
        content_type=message.content_type,
    )

"""Search attempts by properties of their messages, which only the journal knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import msgspec
from angarium_contracts.attempts import Attempts, SearchAttempts
from angarium_contracts.ids import MESSAGE, format_id, parse_id
from angarium_contracts.queries import Page, Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery

from .messages import MessageFilter, MessageSearch, MessageWindow, TooManyApplications

MESSAGES_PER_PAGE: Final = 100
_SEPARATOR: Final = "."


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a page begins: with messages older than `past`, and among their attempts after
    `attempts`."""

    past: bytes | None
    attempts: str | None

    @classmethod
    def of(cls, iterator: str | None) -> Self | None:
        """The position of an iterator; None if it is none of this list."""
        if iterator is None:
            return cls(None, None)
        message, _, attempts = iterator.partition(_SEPARATOR)
        past = parse_id(MESSAGE, message)
        return None if past is None else cls(past, attempts or None)


class SearchAttemptsOfMessages:
    """Finds messages in the journal, newest first, and asks the worker for their attempts.

    Each page is of at most 100 messages, so that it may be short or empty. Raises
    `JournalUnavailable`.
    """

    def __init__(self, messages: MessageSearch, ask_worker: ServiceQuery) -> None:
        self._messages = messages
        self._ask_worker = ask_worker

    async def __call__(self, question: SearchAttempts, chosen: MessageFilter) -> Attempts | Problem:
        """The attempts that match `question`, to deliver messages that match `chosen`.

        An iterator is a message's id, with the worker's iterator behind it while a page is within
        the attempts of some messages. There is none backwards.
        """
        position = _Position.of(question.page.iterator)
        if position is None:
            return Problem(
                code=ProblemCode.INVALID,
                detail="This is no iterator of this search. Pass one from an earlier page with the"
                " same filters, or leave it out.",
                field="iterator",
            )
        window = MessageWindow(MESSAGES_PER_PAGE, position.past)
        try:
            found = await self._messages.search(
                question.tenant_id, question.application_id, window, chosen, with_content=False
            )
        except TooManyApplications as refused:
            return Problem(ProblemCode.INVALID, str(refused), field="filters")
        ids = [item.message.id for item in found.items]
        end = None if found.oldest is None else format_id(MESSAGE, found.oldest)
        if not ids:
            return Attempts(items=(), done=found.done, iterator=end)
        page = Page(limit=question.page.limit, iterator=position.attempts, descending=True)
        asked = msgspec.structs.replace(question, page=page, message_ids=tuple(ids))
        answer = await self._ask_worker(asked, Attempts)
        if isinstance(answer, Problem):
            return answer
        if answer.done:
            return Attempts(items=answer.items, done=found.done, iterator=end)
        start = format_id(MESSAGE, position.past or _above(ids))
        within = f"{start}{_SEPARATOR}{answer.iterator}"
        return Attempts(items=answer.items, done=False, iterator=within)


def _above(ids: Sequence[bytes]) -> bytes:
    """The id above all of these: messages that come later do not move the page."""
    highest = int.from_bytes(max(ids)) + 1
    return min(highest, (1 << 128) - 1).to_bytes(16)

"""Stored answers of send-example: without the payload, which a client may delete later."""

from dataclasses import replace
from typing import Any, Final

import msgspec
from angarium_contracts.queries import Problem

from angarium_gateway.application.accept.idempotency import Answer
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.read.messages import MessageJournal

from .schemas.messages import message_out

SEND_EXAMPLE: Final = "v1.endpoint.send-example"

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ExampleAnswers:
    """Takes the payload out of an answer before it is stored, and reads it again from the journal
    for a repeat. Answers of other operations stay as they are."""

    def __init__(self, directory: ApplicationDirectory, journal: MessageJournal) -> None:
        self._directory = directory
        self._journal = journal

    def stored(self, operation_id: str, answer: Answer) -> Answer:
        """The answer as it is stored."""
        if operation_id != SEND_EXAMPLE or answer.status >= 400:
            return answer
        members = _members.decode(answer.body) | {"payload": msgspec.Raw(b"{}")}
        return replace(answer, body=msgspec.json.encode(members))

    async def given_again(
        self, tenant_id: bytes, operation_id: str, path: dict[str, Any], answer: Answer
    ) -> Answer | None:
        """The stored answer with the payload of its message; None if the message is gone. Raises
        `JournalUnavailable`."""
        if operation_id != SEND_EXAMPLE or answer.status >= 400:
            return answer
        application = await self._directory.find(tenant_id, str(path["app_id"]))
        if isinstance(application, Problem):
            return None
        message_id = msgspec.json.decode(_members.decode(answer.body)["id"], type=str)
        message = await self._journal.find(application.id, message_id, with_content=True)
        if message is None:
            return None
        return replace(answer, body=msgspec.json.encode(message_out(message)))

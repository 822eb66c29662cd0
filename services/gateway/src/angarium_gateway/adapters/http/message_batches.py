"""/api/v1/app/{app_id}/msg/batch and /api/v1/msg/batch"""

from collections.abc import Sequence
from typing import Annotated, Any, override

from litestar import Controller, Request, post
from litestar.params import JSONBody, PathParameter

from angarium_gateway.application.tenants.authentication import Caller

from .audited_changes import UNAUDITED
from .dependencies import Api
from .parameters import NAME_CHARS_MAX
from .posted_batch import AddressedMessage, decoded_batch
from .posted_message import PostedMessage
from .schemas.fields import NAME_PATTERN
from .schemas.message_batches import (
    AddressedMessageBatchIn,
    MessageBatchIn,
    MessageBatchOut,
    RawBatch,
)
from .strict_json import StrictJson, decode_body

BatchApplicationRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The application's id or uid."
    ),
]


class RawBatches(StrictJson):
    """Gives handlers the messages of a batch: decoded, if all of them are well-formed, and else as
    `RawBatch`. Then each is read by itself, so that one that is not valid refuses no other."""

    @override
    def decode_bytes(self, value: bytes) -> RawBatch | Sequence[PostedMessage]:
        handler: Any = self.asgi_connection.route_handler
        across = handler.parsed_data_field.annotation is AddressedMessageBatchIn
        messages = decoded_batch(value, AddressedMessage if across else PostedMessage)
        if messages is not None:
            return messages
        return decode_body(value, RawBatch)


class MessageBatchController(Controller):
    """Messages: many in one request."""

    path = "/api/v1"
    tags = ("Message",)
    dto = RawBatches

    @post(
        "/app/{app_id:str}/msg/batch",
        status_code=202,
        operation_id="v1.message.create-batch",
        summary="Send messages of one application",
        opt={UNAUDITED: True},
    )
    async def create_batch(
        self,
        api: Api,
        request: Request[Caller, bytes, Any],
        app_id: BatchApplicationRef,
        data: JSONBody[MessageBatchIn],
    ) -> MessageBatchOut:
        """Accepts up to 1,000 messages, and answers `202` once all that are valid are stored
        durably. The answer has a result for each message, in the order of the request.

        A message that is not valid is refused by itself, with the place of its faults; the others
        are accepted. Each message counts in quotas. The whole body may be as large as that of one
        message: 3 MiB and 64 KiB, unless the operator set another limit. Send an `Idempotency-Key`
        to repeat the whole request safely, or an `eventId` in each message.
        """
        return await api.post_batch(request, messages_of(data), app_id)

    @post(
        "/msg/batch",
        status_code=202,
        operation_id="v1.message.create-batch-across",
        summary="Send messages of several applications",
        opt={UNAUDITED: True},
    )
    async def create_batch_across(
        self,
        api: Api,
        request: Request[Caller, bytes, Any],
        data: JSONBody[AddressedMessageBatchIn],
    ) -> MessageBatchOut:
        """Accepts up to 1,000 messages of several applications, each with the `applicationId` (id
        or uid) of its own, and otherwise as the operation `v1.message.create-batch`.

        A message for an application that does not exist, or that the API key does not give access
        to, is refused by itself.
        """
        return await api.post_batch(request, messages_of(data), None)


def messages_of(data: object) -> Sequence[bytes] | Sequence[PostedMessage]:
    """The messages of a batch, as `RawBatches` gives them."""
    if isinstance(data, RawBatch):
        return [bytes(each) for each in data.messages]
    if isinstance(data, list):
        return data
    raise TypeError("the handler does not read its body with RawBatches")

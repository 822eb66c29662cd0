"""Batches of messages on the wire."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .fields import NAME_PATTERN, REMEDY, ApiSchema, RequestSchema
from .messages import MessageIn

BATCH_MESSAGES_MAX: Final = 1_000

BatchApplication = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NAME_PATTERN,
        extra={REMEDY: "Give the id or the uid of an application."},
        description="The id or uid of the application that the message is for.",
        examples=["acme"],
    ),
]


class AddressedMessageIn(MessageIn, frozen=True, kw_only=True):
    """A message to send, and its application."""

    application_id: BatchApplication


class MessageBatchIn(RequestSchema, frozen=True, kw_only=True):
    """Messages to send to one application."""

    messages: Annotated[
        list[MessageIn],
        Meta(
            min_length=1,
            max_length=BATCH_MESSAGES_MAX,
            description="1 to 1,000 messages, each as in the operation `v1.message.create`.",
        ),
    ]


class AddressedMessageBatchIn(RequestSchema, frozen=True, kw_only=True):
    """Messages to send to several applications."""

    messages: Annotated[
        list[AddressedMessageIn],
        Meta(
            min_length=1,
            max_length=BATCH_MESSAGES_MAX,
            description="1 to 1,000 messages, each as in the operation `v1.message.create`, with"
            " the `applicationId` of its application.",
        ),
    ]


class BatchFault(ApiSchema, frozen=True, kw_only=True):
    """One fault of a message."""

    loc: Annotated[
        tuple[str, ...],
        Meta(
            description="Location of the fault in the body of the request.",
            examples=[["body", "messages", "1", "payload"]],
        ),
    ]
    msg: Annotated[str, Meta(description="A sentence that says what to change.")]
    type: str


class BatchError(ApiSchema, frozen=True, kw_only=True):
    """Why a message of a batch was not accepted."""

    status: Annotated[int, Meta(description="The HTTP status that the message alone would get.")]
    code: Annotated[str, Meta(examples=["validation_error"])]
    detail: list[BatchFault]


class BatchResult(ApiSchema, frozen=True, kw_only=True, gc=False):
    """The result of one message of a batch."""

    status: Annotated[
        Literal["created", "duplicate", "invalid", "unavailable"],
        Meta(
            description="`created`: the message is stored durably. `duplicate`: the application has"
            " a message with the same `eventId`, whose `id` this is; nothing was stored."
            " `invalid`: nothing was stored, for the reason in `error`. `unavailable`: it is not"
            " known to be stored; post it again."
        ),
    ]
    id: Annotated[
        str | None,
        Meta(
            description="The id of the message; `null` if there is none.",
            examples=["msg_05jHR6TnRzUGhKWN8Ckr5D"],
        ),
    ] = None
    event_id: str | None = None
    schema_violations: Annotated[
        int | UnsetType,
        Meta(
            description="Violations of the schema of its event type, where the tenant's"
            " `validateSchemas` is `warn`; absent if there are none."
        ),
    ] = UNSET
    error: Annotated[
        BatchError | UnsetType,
        Meta(description="Absent if the message was created or is a duplicate."),
    ] = UNSET


class MessageBatchOut(ApiSchema, frozen=True, kw_only=True):
    """The results of a batch, and how many of each kind there are."""

    data: Annotated[
        list[BatchResult],
        Meta(description="One result for each message, in the order of the request."),
    ]
    created: int
    duplicate: int
    invalid: int
    unavailable: int


class RawBatch(RequestSchema, frozen=True, kw_only=True):
    """A batch whose messages are not decoded yet."""

    messages: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=BATCH_MESSAGES_MAX)]

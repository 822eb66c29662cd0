"""Deletion of the content of many messages, and erasure by subject, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta

from .background_tasks import StartedTask
from .erasure_data import ErasureReceiptOut
from .fields import ApiSchema, RequestSchema, Tag

type ExpungeStatus = Literal["expunged", "not-found"]

CancelPending = Annotated[
    bool,
    Meta(description="Cancel pending deliveries, instead of keeping what they need."),
]


class BulkExpungeContentsIn(RequestSchema, frozen=True, kw_only=True):
    """The messages whose content to delete."""

    ids: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=256)]],
            Meta(max_length=100, description="Ids or eventIds of messages."),
        ]
        | None
    ) = None
    cancel_pending: CancelPending = False


class BulkExpungeContentsOut(ApiSchema, frozen=True, kw_only=True):
    """The result for each message, by the id that the request gave."""

    results: dict[str, ExpungeStatus]


class ExpungeAllContentsOut(StartedTask, frozen=True, kw_only=True):
    """The background task that deletes the content of an application's messages."""


class MetadataMember(RequestSchema, frozen=True, kw_only=True):
    """A member of the metadata of applications."""

    key: Annotated[str, Meta(min_length=1, max_length=40, examples=["customer"])]
    value: Annotated[str, Meta(max_length=500, examples=["77"])]


SubjectMember = Annotated[
    MetadataMember | None,
    Meta(description="A member of the metadata of applications that are about the person."),
]


class ErasureIn(RequestSchema, frozen=True, kw_only=True):
    """The person whose data to erase, named by a tag of their messages, or by a member of the
    metadata of their applications: one of both."""

    tag: Tag | None = None
    metadata: SubjectMember = None
    cancel_pending: CancelPending = False


class ErasureOut(StartedTask, frozen=True, kw_only=True):
    """The background task that erases a person's data."""


class ReceiptVerificationIn(RequestSchema, frozen=True, kw_only=True):
    """A receipt to verify, and the tag or the member of metadata that it may be of."""

    receipt: ErasureReceiptOut
    tag: Tag | None = None
    metadata: SubjectMember = None


class ReceiptVerificationOut(ApiSchema, frozen=True, kw_only=True):
    """`genuine`: this platform signed the receipt, and nothing in it has changed. `subjectMatches`:
    it is of the tag or the member of metadata; `null` if the request named none."""

    genuine: bool
    subject_matches: bool | None

"""Receipts of erasures."""

from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import UNSET, UnsetType

from angarium_gateway.application.erasure.receipts import MAY_REMAIN

from .fields import ApiSchema


class ErasureReceiptOut(ApiSchema, frozen=True, kw_only=True):
    """The signed receipt of an erasure.

    `subjectDigest` is a keyed digest of the tag or of the member of metadata (`subjectKind`), which
    does not name the person. `rows` counts the rows that were erased, by table: `message`,
    `event_claim` and `operational message` in the gateway's database, `attempt` and
    `pending_delivery` in the worker's, and `application` in the dispatcher's. `mayRemain` names the
    places that may hold erased bytes for longer, which the guide to erasure explains. `signature`
    is an HMAC-SHA256 of the other fields, with a key derived from the platform's encryption key.
    """

    id: str
    tenant_id: str
    app_id: str | None
    subject_digest: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime
    rows: dict[str, int]
    may_remain: list[str] | UnsetType = UNSET
    subject_kind: Literal["tag", "metadata"] | UnsetType = UNSET
    signature: str


EXAMPLE_RECEIPT: Final = ErasureReceiptOut(
    id="qtask_05jHR6TnRzUGhKWN8Ckr5D",
    tenant_id="0190a5e0c3f07c6e8f0a3b5d7e9f1a2b",
    app_id=None,
    subject_digest="5f2b" * 16,
    requested_by="0190a5e0c3f07c6e8f0a3b5d7e9f1a2c",
    requested_at=datetime(2030, 1, 2, 9, 0, tzinfo=UTC),
    finished_at=datetime(2030, 1, 2, 9, 1, tzinfo=UTC),
    rows={
        "message": 12,
        "event_claim": 9,
        "operational message": 1,
        "attempt": 15,
        "pending_delivery": 2,
        "application": 0,
    },
    may_remain=list(MAY_REMAIN),
    subject_kind="tag",
    signature="9c1d" * 16,
)

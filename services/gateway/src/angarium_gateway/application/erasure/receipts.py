"""Signed receipts of erasures."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, assert_never

import msgspec
from angarium_contracts.ids import APPLICATION, BACKGROUND_TASK, format_id

from angarium_gateway.domain.background_tasks import BackgroundTask
from angarium_gateway.domain.erasure_subjects import ErasureSubject, MetadataSubject, TagSubject

KEY_PURPOSE: Final = b"erasure receipts"
_SIGNED_PREFIX: Final = b"receipt:"
_SUBJECT_PREFIX: Final = b"subject:"
_MEMBER_PREFIX: Final = b"metadata member:"
MAY_REMAIN: Final = (
    "databaseDeadRows",
    "databaseStatistics",
    "databaseWriteAheadLog",
    "redisAppendOnlyFile",
    "backups",
)
"""Places out of the services' reach that may still hold erased bytes; the guide to erasure says
until when."""
IDEMPOTENT_ANSWERS: Final = "idempotentAnswers"
"""Another one, if the subject is in metadata: the sealed answers of the requests that set it."""


class ErasureReceipt(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A record of everything that an erasure deleted.

    `subject_digest` is an HMAC of the subject, so that the receipt does not name the person but can
    be compared with the subject, which is a "tag" or a member of "metadata" (`subject_kind`).
    `rows` are the numbers of rows by table, `signature` is an HMAC-SHA256 of everything else.
    `app_id` is null if the erasure was in all applications. `may_remain` and `subject_kind` are
    unset in receipts of earlier versions.
    """

    id: str
    tenant_id: str
    app_id: str | None
    subject_digest: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime
    rows: dict[str, int]
    may_remain: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    subject_kind: str | msgspec.UnsetType = msgspec.UNSET
    signature: str = ""


class ErasureReceipts:
    """Signs receipts with a key that is derived from the platform's encryption key, and verifies
    those that this key or a former one signed."""

    def __init__(self, key: bytes, *former: bytes) -> None:
        self._key = key
        self._keys = (key, *former)

    def sign(self, task: BackgroundTask, finished_at: datetime, rows: dict[str, int]) -> str:
        """The JSON text of the signed receipt of an erasure that ends now."""
        of = task.arguments
        subject = of.metadata or TagSubject(of.subject or "")
        by_metadata = isinstance(subject, MetadataSubject)
        receipt = ErasureReceipt(
            id=format_id(BACKGROUND_TASK, task.id),
            tenant_id=task.tenant_id.hex(),
            app_id=format_id(APPLICATION, of.application_id) if of.application_id else None,
            subject_digest=_hmac(self._key, _subject(task.tenant_id, subject)),
            requested_by=(of.requested_by or b"").hex(),
            requested_at=of.until.astimezone(UTC),
            finished_at=finished_at.astimezone(UTC),
            rows=rows,
            may_remain=(*MAY_REMAIN, IDEMPOTENT_ANSWERS) if by_metadata else MAY_REMAIN,
            subject_kind="metadata" if by_metadata else "tag",
        )
        signed = msgspec.structs.replace(receipt, signature=_hmac(self._key, _signed(receipt)))
        return msgspec.json.encode(signed).decode()

    def is_genuine(self, receipt: ErasureReceipt) -> bool:
        """True if this platform signed the receipt, and nothing in it has changed."""
        unsigned = _signed(msgspec.structs.replace(receipt, signature=""))
        return self._is_hmac(receipt.signature, unsigned)

    def is_of(self, receipt: ErasureReceipt, tenant_id: bytes, subject: ErasureSubject) -> bool:
        """True if the receipt is of this subject."""
        return self._is_hmac(receipt.subject_digest, _subject(tenant_id, subject))

    def _is_hmac(self, digest: str, data: bytes) -> bool:
        made = [_hmac(key, data) for key in self._keys]
        return any(hmac.compare_digest(each.encode(), digest.encode()) for each in made)


def _subject(tenant_id: bytes, subject: ErasureSubject) -> bytes:
    # The digest of a subject differs from tenant to tenant.
    match subject:
        case TagSubject(tag=tag):
            return _SUBJECT_PREFIX + tenant_id + tag.encode()
        case MetadataSubject():
            return _MEMBER_PREFIX + tenant_id + subject.text().encode()
        case _:
            assert_never(subject)


def _signed(receipt: ErasureReceipt) -> bytes:
    # Ordered, so that a receipt that was stored as JSON elsewhere verifies as well.
    return _SIGNED_PREFIX + msgspec.json.encode(receipt, order="sorted")


def _hmac(key: bytes, data: bytes) -> str:
    return hmac.new(key, data, sha256).hexdigest()

"""Signed receipts of erasures."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec
from angarium_contracts.ids import APPLICATION, BACKGROUND_TASK, format_id

from angarium_gateway.domain.background_tasks import BackgroundTask

KEY_PURPOSE: Final = b"erasure receipts"
_SIGNED_PREFIX: Final = b"receipt:"
_SUBJECT_PREFIX: Final = b"subject:"
MAY_REMAIN: Final = (
    "databaseDeadRows",
    "databaseStatistics",
    "databaseWriteAheadLog",
    "redisAppendOnlyFile",
    "backups",
)
"""Places out of the services' reach that may still hold erased bytes; the guide to erasure says
until when."""


class ErasureReceipt(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A record of everything that an erasure deleted.

    `subject_digest` is an HMAC of the tag, so that the receipt does not name the person but can be
    compared with the tag. `rows` are the numbers of rows by table, `signature` is an HMAC-SHA256 of
    everything else. `app_id` is null if the erasure was in all applications. `may_remain` is unset
    in receipts of earlier versions.
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
    signature: str = ""


class ErasureReceipts:
    """Signs and verifies receipts with a key that is derived from the platform's encryption key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, task: BackgroundTask, finished_at: datetime, rows: dict[str, int]) -> str:
        """The JSON text of the signed receipt of an erasure that ends now."""
        of = task.arguments
        receipt = ErasureReceipt(
            id=format_id(BACKGROUND_TASK, task.id),
            tenant_id=task.tenant_id.hex(),
            app_id=format_id(APPLICATION, of.application_id) if of.application_id else None,
            subject_digest=self.subject_digest(task.tenant_id, of.subject or ""),
            requested_by=(of.requested_by or b"").hex(),
            requested_at=of.until.astimezone(UTC),
            finished_at=finished_at.astimezone(UTC),
            rows=rows,
            may_remain=MAY_REMAIN,
        )
        signed = msgspec.structs.replace(receipt, signature=self._signature(receipt))
        return msgspec.json.encode(signed).decode()

    def is_genuine(self, receipt: ErasureReceipt) -> bool:
        """True if this platform signed the receipt, and nothing in it has changed."""
        unsigned = msgspec.structs.replace(receipt, signature="")
        return hmac.compare_digest(self._signature(unsigned).encode(), receipt.signature.encode())

    def subject_digest(self, tenant_id: bytes, tag: str) -> str:
        """The digest of a tag, which differs from tenant to tenant."""
        return self._hmac(_SUBJECT_PREFIX + tenant_id + tag.encode())

    def _signature(self, receipt: ErasureReceipt) -> str:
        # Ordered, so that a receipt that was stored as JSON elsewhere verifies as well.
        return self._hmac(_SIGNED_PREFIX + msgspec.json.encode(receipt, order="sorted"))

    def _hmac(self, data: bytes) -> str:
        return hmac.new(self._key, data, sha256).hexdigest()

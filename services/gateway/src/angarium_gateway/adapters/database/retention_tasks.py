"""The retention tasks of the gateway, in the order in which a turn runs them."""

from collections.abc import Mapping

from angarium_chassis.database.engine import Database
from angarium_chassis.database.retention_table import RetentionTable
from angarium_chassis.retention import RetentionTask

from .deleted_tenant_rows import delete_rows_of_deleted_tenants
from .portal_tokens import delete_ended_portal_tokens
from .retention_messages import MessageRetention
from .retention_payloads import delete_expired_payloads
from .retention_rows import KeyRetention, delete_ended_tasks
from .retention_rules import PayloadRules
from .retention_tenants import TenantRetentionColumn
from .sign_ins import SignedInKeyRetention, delete_unused_sign_ins
from .tables import audit_entry
from .term_retention import TermRetention


def retention_tasks(
    database: Database, *, message_days: int, audit_days: int, key_life_s: int
) -> Mapping[str, RetentionTask]:
    """The retention tasks by the names that appear in the log.

    A table that only grows, with a time-ordered `id` that its migration partitions
    (`partition_by_id`), is one line here: `"name": RetentionTable(table, days=…)`.
    """
    return {
        "deleted tenants": delete_rows_of_deleted_tenants,
        "payload rules": PayloadRules(),
        "payloads": delete_expired_payloads,
        "messages": MessageRetention(TenantRetentionColumn(database), days=message_days),
        "message terms": TermRetention(TenantRetentionColumn(database), days=message_days),
        "audit log": RetentionTable(audit_entry, days=audit_days),
        "idempotency keys": KeyRetention(life_s=key_life_s),
        "background tasks": delete_ended_tasks,
        "portal tokens": delete_ended_portal_tokens,
        "sign-ins": delete_unused_sign_ins,
        "keys of sign-ins": SignedInKeyRetention(days=audit_days),
    }

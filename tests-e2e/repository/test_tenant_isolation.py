"""A statement on a tenant's table without its owner cannot be added without a reason here."""

from pathlib import Path

import pytest

from .scoped_statements import (  # tests are no installed package
    unscoped_functions,
    unscoped_sql,
    unscoped_statements,
)

ROOT = Path(__file__).parents[2]
OWNED = {"message": frozenset({"tenant_id", "application_id"}), "api_key": frozenset({"tenant_id"})}

FOUND_BEFORE = "by the ids of rows that the same transaction has found for their owner"
RECEIVED = "by ids from entries of internal streams, which name objects of any tenant"
OF_MESSAGE = "by the id of a message, which the gateway has found in an application of the tenant"
CONDITION_PASSED = "the caller passes the condition on the message, endpoint or application"
BACKGROUND = "background work of the service, for all tenants in turn"
OF_TENANT = "joined to the tenant's endpoints or applications, which another function chooses"
OPERATOR = "a command of the operator, which covers all tenants"

REASONS = {
    "gateway/adapters/database/api_keys:tenant_of": OPERATOR,
    "gateway/adapters/database/api_keys:record": "by the ids of keys that have just logged in",
    "gateway/adapters/database/background_tasks:lease": BACKGROUND,
    "gateway/adapters/database/background_tasks:_change": FOUND_BEFORE,
    "gateway/adapters/database/background_tasks:kept_positions": RECEIVED,
    "gateway/adapters/database/background_tasks:still_held": FOUND_BEFORE,
    "gateway/adapters/database/batches:_messages_of": BACKGROUND,
    "gateway/adapters/database/message_queries:_statement": CONDITION_PASSED,
    "gateway/adapters/database/message_rollups:count_messages": BACKGROUND,
    "gateway/adapters/database/message_terms:_blocks": BACKGROUND,
    "gateway/adapters/database/message_terms:_waits": BACKGROUND,
    "gateway/adapters/database/term_retention:_by_partition": BACKGROUND,
    "gateway/adapters/database/term_retention:prepare": BACKGROUND,
    "gateway/adapters/database/message_search:_claimed": OF_TENANT,
    "gateway/adapters/database/message_search:_end": OF_TENANT,
    "gateway/adapters/database/message_search:_merged": OF_TENANT,
    "gateway/adapters/database/message_search:_of_application": OF_TENANT,
    "gateway/adapters/database/message_search:read": OF_TENANT,
    "gateway/adapters/database/message_search:search": OF_TENANT,
    "gateway/adapters/database/retention_holds:task_holds": BACKGROUND,
    "gateway/adapters/database/retention_messages:_empty": BACKGROUND,
    "gateway/adapters/database/retention_messages:_forget_events_of": BACKGROUND,
    "gateway/adapters/database/retention_messages:_delete_oldest": BACKGROUND,
    "gateway/adapters/database/retention_messages:step": BACKGROUND,
    "gateway/adapters/database/retention_rules:_rules": BACKGROUND,
    "gateway/adapters/database/sign_ins:complete": "by the hash of a code, which is a login",
    "gateway/adapters/database/sqlite_journal:_versions": FOUND_BEFORE,
    "gateway/examination/audited_events:applications": OPERATOR,
    "gateway/examination/audited_journal:applications": OPERATOR,
    "gateway/examination/journal_figures:read": OPERATOR,
    "dispatcher/adapters/database/configuration_changes:replace_application": FOUND_BEFORE,
    "dispatcher/adapters/database/configuration_changes:_change_endpoints": CONDITION_PASSED,
    "dispatcher/adapters/database/configuration_changes:replace_endpoint": FOUND_BEFORE,
    "dispatcher/adapters/database/configuration_changes:delete_endpoint": FOUND_BEFORE,
    "dispatcher/adapters/database/configuration_changes:_touch": FOUND_BEFORE,
    "dispatcher/adapters/database/configuration_reads:_left_in": CONDITION_PASSED,
    "dispatcher/adapters/database/configuration_reads:endpoints_by_id": RECEIVED,
    "dispatcher/adapters/database/configuration_reads:policy_version": BACKGROUND,
    "dispatcher/adapters/database/operational_events:read": BACKGROUND,
    "dispatcher/adapters/database/operational_events:delete": BACKGROUND,
    "dispatcher/adapters/database/recipient_reads:_with_endpoints": RECEIVED,
    "dispatcher/adapters/database/schedule_watch:_check_page": BACKGROUND,
    "worker/examination/backlog_figures:read": OPERATOR,
    "worker/adapters/database/attempt_pages:_one": OF_MESSAGE,
    "worker/adapters/database/attempt_pages:_page": CONDITION_PASSED,
    "worker/adapters/database/attempt_search:_end": OF_TENANT,
    "worker/adapters/database/attempt_search:read": OF_TENANT,
    "worker/adapters/database/attempt_search:_merged": OF_TENANT,
    "worker/adapters/database/attempt_search:_of_endpoint": OF_TENANT,
    "worker/adapters/database/attempt_search:follow": OF_TENANT,
    "worker/adapters/database/attempt_search:search": OF_TENANT,
    "worker/adapters/database/delivery_pages:_latest_attempts": CONDITION_PASSED,
    "worker/adapters/database/attempt_search:_search_conditions": "by the message of an attempt"
    " that the rest of the search chooses for its tenant",
    "worker/adapters/database/delivery_rollups:_numbers_by_duration": BACKGROUND,
    "worker/adapters/database/delivery_rollups:_latencies": BACKGROUND,
    "worker/adapters/database/delivery_rollups:count_cancelled": BACKGROUND,
    "worker/adapters/database/endpoint_copy:read": RECEIVED,
    "worker/adapters/database/endpoint_stats:_failing_since": "by the id of the endpoint",
    "worker/adapters/database/held_attempts:_by_partition": BACKGROUND,
    "worker/adapters/database/health_rows:load": BACKGROUND,
    "worker/adapters/database/outbox_rows:_failed": BACKGROUND,
    "worker/adapters/database/outbox_rows:read": BACKGROUND,
    "worker/adapters/database/outbox_rows:delete": BACKGROUND,
    "worker/adapters/database/poll_pages:_consumer": "by the id of the consumer's endpoint",
    "worker/adapters/database/poll_retention:__call__": BACKGROUND,
    "worker/adapters/database/sqlite/manual_ledger:_end": FOUND_BEFORE,
    "worker/adapters/database/sqlite/manual_ledger:cancel": CONDITION_PASSED,
    "worker/adapters/database/sqlite/poll_order:_written": BACKGROUND,
    "worker/adapters/database/stored_content:blank_pending": OF_MESSAGE,
    "worker/adapters/database/stored_content:count_blanked": OF_MESSAGE,
    "worker/adapters/database/stored_content:expunge_responses": OF_MESSAGE,
    "worker/examination/deliveries:read_pending": OPERATOR,
    "worker/examination/deliveries:of": OPERATOR,
    "worker/examination/deliveries:recorded": OPERATOR,
    "worker/adapters/database/postgres/sql/next_due.sql": BACKGROUND,
    "worker/adapters/database/postgres/sql/next_lane.sql": BACKGROUND,
    "worker/adapters/database/postgres/sql/written_polled_attempts.sql": BACKGROUND,
}


@pytest.mark.parametrize("service", ["gateway", "dispatcher", "worker"])
def test_every_statement_on_a_tenants_table_names_its_owner_or_has_a_reason(service: str) -> None:
    found = {each.place: each.tables for each in unscoped_statements(ROOT, service)}
    new = {place: tables for place, tables in found.items() if place not in REASONS}
    assert not new, "Add a condition on tenant_id, or a reason to REASONS."
    listed = {place for place in REASONS if place.startswith(f"{service}/")}
    assert listed == found.keys(), "These have a condition now, or are gone: remove them."


@pytest.mark.parametrize(
    ("body", "tables"),
    [
        ("select(message).where(message.c.tenant_id == a)", ()),
        ("select(message).where(message.c.application_id.in_(a))", ()),
        ("select(message).where(tuple_(message.c.application_id, message.c.id).in_(a))", ()),
        ("select(message).where(message.c.id == a)", ("message",)),
        ("select(message.c.tenant_id).where(message.c.id == a)", ("message",)),
        ("update(keys).where(keys.c.id == a)", ("api_key",)),
        ("delete(keys).where(keys.c.application_id == a)", ("api_key",)),
        ("insert(message).values(a)", ()),
    ],
)
def test_a_statement_without_its_owner_is_found(body: str, tables: tuple[str, ...]) -> None:
    code = f"from .tables import api_key as keys, message\n\ndef query(a):\n    return {body}\n"
    assert list(unscoped_functions(code, OWNED)) == ([("query", tables)] if tables else [])


def test_sql_without_its_owner_is_found() -> None:
    assert unscoped_sql("SELECT id FROM message WHERE id = $1", OWNED) == ("message",)
    assert unscoped_sql("DELETE FROM message WHERE application_id = $1", OWNED) == ()
    assert unscoped_sql("SELECT 1 FROM message_other", OWNED) == ()

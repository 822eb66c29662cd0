"""The copy of the endpoints: one suite over both engines."""

import asyncio

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.directory import EndpointState
from angarium_worker.adapters.database.endpoint_copy import EndpointCopyTable
from msgspec.structs import replace

STATE = EndpointState(
    id=b"e" * 16,
    tenant_id=b"t" * 16,
    application_id=b"a" * 16,
    version=3,
    url="https://example.com/a",
    secrets=(b"\x01new", b"\x01old"),
    headers=b"\x01headers",
    throttle_rate=7,
    secrets_expire_at=(0.0, 1_893_456_000.5),
    timeout_s=20.5,
    header_names="both",
    proxy=b"\x01proxy",
    client_certificate=b"\x01certificate",
    fifo=True,
    concurrency_max=3,
    retry_delays_s=(0.5, 300.0),
    payload_format="cloudevents-binary",
    content_type="text/plain",
    event_source="urn:example:a",
    handshake=True,
    authentication=b"\x01authentication",
    ca_certificates=b"\x01ca",
)


@pytest.fixture
def rows(database: Database) -> EndpointCopyTable:
    return EndpointCopyTable(database)


async def test_a_state_comes_back_as_it_was_stored(rows: EndpointCopyTable) -> None:
    other = EndpointState(
        id=b"f" * 16, tenant_id=b"t" * 16, application_id=b"a" * 16, version=1, deleted=True
    )
    await rows.store([STATE, other], None)
    found = {state.id: state for state in await rows.read([STATE.id, other.id, b"g" * 16])}
    assert found == {STATE.id: STATE, other.id: other}


async def test_only_a_newer_state_replaces_an_older(rows: EndpointCopyTable) -> None:
    await rows.store([STATE], None)
    await rows.store([replace(STATE, url="https://example.com/same")], None)
    await rows.store([replace(STATE, version=2, url="https://example.com/old")], None)
    assert await rows.read([STATE.id]) == [STATE]
    newer = replace(
        STATE,
        version=4,
        url="https://example.com/new",
        secrets=(),
        secrets_expire_at=(),
        disabled=True,
        fifo=False,
        concurrency_max=None,
        retry_delays_s=(),
    )
    await rows.store([newer], None)
    assert await rows.read([STATE.id]) == [newer]


async def test_the_version_starts_at_zero_and_never_goes_back(rows: EndpointCopyTable) -> None:
    assert await rows.version() == 0
    await rows.store([STATE], 9)
    await rows.store([], 4)
    await rows.store([], None)
    assert await rows.version() == 9


async def test_workers_that_store_the_same_endpoints_at_once_do_not_block_each_other(
    rows: EndpointCopyTable,
) -> None:
    states = [replace(STATE, id=bytes([n]) * 16) for n in range(20)]
    await asyncio.gather(rows.store(states, 1), rows.store(states[::-1], 2), rows.store(states, 3))
    assert len(await rows.read([state.id for state in states])) == 20

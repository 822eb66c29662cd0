"""Fixtures of the streams' tests: process doubles, and a Valkey to stop and start."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from angarium_cli.engines import ValkeyProcess

from ..process_double import ProcessDouble, new_process, process, redis

__all__ = ["new_process", "process", "redis"]


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[ValkeyProcess]:
    """A Valkey of this test's own, not started, without persistence."""
    server = ValkeyProcess(tmp_path / "valkey", append_only=False)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
async def own_process(own_valkey: ValkeyProcess) -> AsyncIterator[ProcessDouble]:
    """A process on `own_valkey`, whose port is known and where nothing listens yet."""
    await asyncio.to_thread(own_valkey.start)
    await asyncio.to_thread(own_valkey.kill)
    process = ProcessDouble(own_valkey.url, "first")
    await process.broker.connect()
    yield process
    await process.close()

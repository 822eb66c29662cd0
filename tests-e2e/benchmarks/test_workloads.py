"""Every workload at a small size: what it posts arrives where it should, and nothing else does."""

import asyncio
import shlex
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

sys.path.append(str(Path(__file__).parent))

from platform_process import Platform, running_platform
from scenarios import OUR_PROCESSES
from surroundings import Surroundings, running_surroundings
from workload_run import PreparedWorkload, prepare
from workloads import WORKLOADS, Workload

ANGARIUM = shlex.quote(str(Path(sys.executable).with_name("angarium")))
REQUESTS = 20
WAIT_S = 60.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Rig:
    """A platform on which every workload can run."""

    def __init__(self, platform: Platform, surroundings: Surroundings, folder: Path) -> None:
        self.platform = platform
        self.surroundings = surroundings
        self._folder = folder

    async def prepared(self, name: str) -> PreparedWorkload:
        """The workload at a small size."""
        small = replace(WORKLOADS[name].small(), requests_per_s_max=float(REQUESTS))
        return await prepare(small, self.platform, self.surroundings, ANGARIUM, self._folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    folder = tmp_path_factory.mktemp("workloads")
    async with running_surroundings(folder) as surroundings:
        every = Workload(name="", about="", tls=True, production=True)
        settings = surroundings.settings(every) | {"ANGARIUM_TRACE_RATIO": "1"}
        async with running_platform(ANGARIUM, "sqlite", folder, settings) as platform:
            yield Rig(platform, surroundings, folder)


# The last ones change the policy of the tenant.
@pytest.mark.parametrize("name", WORKLOADS)
async def test_a_workload_reaches_every_endpoint_once(rig: Rig, name: str) -> None:
    prepared = await rig.prepared(name)
    run = await prepared.run(1.0, WAIT_S, settle_s=0)
    workload = prepared.workload
    assert run.accepted == REQUESTS * (workload.batch or 1)
    assert run.delivered == run.accepted * workload.endpoints_each
    assert run.lost == run.duplicates == run.strange == 0
    assert run.refused == {}
    assert {*OUR_PROCESSES, "valkey", "receiver", "load generator"} <= run.cpu_s.keys()
    assert (run.scrapes > 0) == workload.production


async def test_features_has_a_poller_a_listener_and_a_token_endpoint(rig: Rig) -> None:
    prepared = await rig.prepared("features")
    for _ in range(2):
        run = await prepared.run(1.0, WAIT_S, settle_s=0)
        assert (run.delivered, run.lost, run.duplicates) == (REQUESTS, 0, 0)
        assert run.polled == REQUESTS // 4
        assert run.event_bytes > 0
    # Once, however many endpoints and runs: the worker keeps the token.
    assert rig.surroundings.tokens.asked == 1


async def test_endpoints_with_tls_keep_their_connections(rig: Rig) -> None:
    prepared = await rig.prepared("tls")
    before = await rig.surroundings.tls.connected()
    for _ in range(3):
        run = await prepared.run(1.0, WAIT_S, settle_s=0)
        assert run.delivered == REQUESTS
    opened = await rig.surroundings.tls.connected() - before
    assert 0 < opened < 3 * REQUESTS


async def test_production_has_scopes_quotas_schemas_and_traces(rig: Rig) -> None:
    prepared = await rig.prepared("production")
    headers = {"authorization": f"Bearer {prepared.token}"}
    async with httpx.AsyncClient(base_url=rig.platform.url, headers=headers, timeout=30) as client:
        [path] = prepared.paths
        assert (await client.get(path)).status_code == 403
        message = {"eventType": "bench.event", "payload": {"number": 1, "filler": "x"}}
        refused = await client.post(path, json=message)
        assert refused.status_code == 422
        assert "number" in refused.text
        message["payload"] = {"number": "1", "filler": "x"}
        accepted = await client.post(path, json=message)
        assert accepted.status_code == 202
        assert {"ratelimit", "ratelimit-policy"} <= accepted.headers.keys()
        deadline_s = time.monotonic() + WAIT_S
        ledger = f"{rig.surroundings.collector.url}/ledger"
        while not (await client.get(ledger)).json()["received"]:
            assert time.monotonic() < deadline_s, "no span reached the collector"
            await asyncio.sleep(0.1)

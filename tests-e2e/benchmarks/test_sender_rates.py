"""The comparison of clients runs each of them and says how they stand."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from sender_rates import CLIENTS, Measured, compare, medians


async def test_every_client_is_measured_in_turn() -> None:
    measured = await compare(repeat=1, seconds=0.2, connections=4, body_bytes=1024)
    assert set(measured) == set(CLIENTS)
    for runs in measured.values():
        assert len(runs) == 1
        assert runs[0].posted > 0
        assert runs[0].cpu_us > 0


def test_medians_stand_beside_aiohttps() -> None:
    measured = {
        "angarium": [Measured(rate, 1, 1.0, 10.0) for rate in (10.0, 40.0, 90.0)],
        "aiohttp": [Measured(10.0, 1, 1.0, 40.0)],
    }
    assert medians(measured)["angarium"] == {
        "rate": 40.0,
        "cpu_us": 10.0,
        "by_aiohttp": 4.0,
        "cpu_by_aiohttp": 0.25,
    }

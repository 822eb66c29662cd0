"""Tenants: a quiet tenant alone, and beside one that posts as fast as it is accepted."""

import asyncio
from dataclasses import dataclass, replace

from arrival_measures import Account, account
from policy_setting import Bench, Cost, Figure, Outcome, PolicySetting, running_bench
from quantiles import quantiles_ms
from tools import Accepted

_WARM_UP_S_MAX = 3.0
# The flood begins before the measured load and outlasts it.
_EARLIER_S = 1.0


@dataclass(frozen=True, slots=True)
class FloodSize:
    """`quiet_rate` messages a second of the quiet tenant, for `seconds` alone and for `seconds`
    beside the flood."""

    quiet_rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Load:
    """One load, and the times from when a message was due to when it was received."""

    account: Account
    ms: dict[str, float]


async def flooding(setting: PolicySetting, size: FloodSize) -> Outcome:
    """Measure the quiet tenant alone, then beside the flood. No tenant has a quota, so that only
    the order of work keeps them apart."""
    flood_folder = setting.folder / "flood"
    flood_folder.mkdir()
    async with running_bench(setting, receivers=2) as bench:
        key = await bench.platform.new_tenant_key(setting.angarium, "flood")
        flooder = Bench(
            replace(setting, folder=flood_folder),
            replace(bench.platform, key=key),
            bench.receivers,
        )
        paths = await bench.platform.new_applications([[bench.receivers[0].url(0)]])
        flooded = await flooder.platform.new_applications([[bench.receivers[1].url(0)]])
        await _quiet(bench, paths, size.quiet_rate, min(_WARM_UP_S_MAX, size.seconds))
        alone = await _quiet(bench, paths, size.quiet_rate, size.seconds)
        async with bench.measured() as cost, asyncio.TaskGroup() as group:
            flood = group.create_task(flooder.post(flooded, size.seconds + 2 * _EARLIER_S))
            await asyncio.sleep(_EARLIER_S)
            beside = await _quiet(bench, paths, size.quiet_rate, size.seconds, cost)
        accepted = flood.result()
        drained = await _received(flooder, 1, accepted)
    return Outcome(
        name="tenants",
        figures=_figures(alone, beside, len(accepted) / (size.seconds + 2 * _EARLIER_S)),
        accounts={"quiet alone": alone.account, "quiet beside": beside.account, "flood": drained},
        cost=cost,
        refused=bench.refused | flooder.refused,
    )


async def _quiet(
    bench: Bench, paths: list[str], rate: float, seconds: float, cost: Cost | None = None
) -> _Load:
    accepted = await bench.post(paths, seconds, rate=rate, cost=cost)
    made = await _received(bench, 0, accepted)
    due_ns = {message.id: message.due_ns for message in accepted}
    times_ns = [at_ns - due_ns[message] for (message, _), at_ns in made.delivered_at_ns.items()]
    return _Load(made, quantiles_ms(times_ns))


async def _received(bench: Bench, receiver: int, accepted: list[Accepted]) -> Account:
    """The account of messages of one endpoint, once they have arrived."""
    arrived = bench.receivers[receiver]
    await arrived.wait_for(len(accepted), bench.setting.drain_timeout_s)
    arrivals = await arrived.hand_over(bench.setting.folder)
    return account(arrivals, {message.id: (0,) for message in accepted})


def _figures(alone: _Load, beside: _Load, flood_rate: float) -> list[Figure]:
    ratio = beside.ms["p99"] / alone.ms["p99"] if alone.ms["p99"] else None
    figures = [Figure("flood: messages/s accepted", flood_rate)]
    for name, load in (("alone", alone), ("beside the flood", beside)):
        figures += [Figure(f"quiet {name} {rank} ms", load.ms[rank]) for rank in ("p50", "p99")]
    return [*figures, Figure("quiet p99 beside the flood, by alone", ratio, "≤ 1.5")]

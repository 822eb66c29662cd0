"""Isolation: quiet endpoints beside as many that hang, with a backlog waiting for those."""

import asyncio
from dataclasses import dataclass

from arrival_measures import Account, account
from arrivals import Arrivals
from endpoint_receiver import EndpointReceiver
from many_endpoints import Behaviour
from policy_setting import Bench, Cost, Figure, Outcome, PolicySetting, running_bench
from quantiles import quantiles_ms
from tools import Accepted

_WARM_UP_S_MAX = 3.0
_BEHIND_S_MAX = 5.0
_POST_S_MAX = 300.0


@dataclass(frozen=True, slots=True)
class IsolationSize:
    """So many quiet `endpoints` and as many that hang; `quiet_rate` messages a second to the quiet
    ones in all, for `seconds` alone and, once `calm_s` have passed, for `seconds` beside `waiting`
    messages to the others."""

    endpoints: int
    waiting: int
    quiet_rate: float
    seconds: float
    calm_s: float


@dataclass(frozen=True, slots=True)
class _Quiet:
    """One load to the quiet endpoints: how late and how completely it arrived."""

    account: Account
    ms: dict[str, float]


async def isolation(setting: PolicySetting, size: IsolationSize) -> Outcome:
    """Measure the quiet endpoints alone, fill the backlog, and measure them again.

    Each endpoint has an application of its own, all of one tenant, so that only the policy for
    each endpoint can keep them apart. A first load right behind the backlog shows what the quiet
    ones wait while it is taken in. Within a minute Postgres vacuums what was inserted; then the
    backlog only waits, and so does this.
    """
    async with running_bench(setting, receivers=2) as bench:
        quiet, hanging = bench.receivers
        await hanging.behave(Behaviour.HANG)
        quiet_paths = await _applications(bench, quiet, size.endpoints)
        hanging_paths = await _applications(bench, hanging, size.endpoints)
        warm_up_s = min(_WARM_UP_S_MAX, size.seconds)
        warm = await _quiet(bench, quiet_paths, size.quiet_rate, warm_up_s)
        alone = await _quiet(bench, quiet_paths, size.quiet_rate, size.seconds)
        waiting = await bench.post(hanging_paths, _POST_S_MAX, count=size.waiting)
        behind_s = min(_BEHIND_S_MAX, size.seconds)
        behind = await _quiet(bench, quiet_paths, size.quiet_rate, behind_s)
        await asyncio.sleep(size.calm_s)
        async with bench.measured() as cost:
            beside = await _quiet(bench, quiet_paths, size.quiet_rate, size.seconds, cost)
        hung = await hanging.hand_over(setting.folder)
    tried = account(hung, _expected(waiting, size.endpoints))
    return Outcome(
        name="isolation",
        figures=_figures(alone, behind, beside, waiting, hung),
        accounts={
            "warm-up": warm.account,
            "quiet alone": alone.account,
            "quiet behind the backlog": behind.account,
            "quiet beside it": beside.account,
        },
        cost=cost,
        faults=_faults(tried),
        refused=bench.refused,
    )


async def _applications(bench: Bench, receiver: EndpointReceiver, count: int) -> list[str]:
    return await bench.platform.new_applications([[receiver.url(n)] for n in range(count)])


async def _quiet(
    bench: Bench, paths: list[str], rate: float, seconds: float, cost: Cost | None = None
) -> _Quiet:
    receiver = bench.receivers[0]
    accepted = await bench.post(paths, seconds, rate=rate, cost=cost)
    await receiver.wait_for(len(accepted), bench.setting.drain_timeout_s)
    arrivals = await receiver.hand_over(bench.setting.folder)
    made = account(arrivals, _expected(accepted, len(paths)))
    due_ns = {message.id: message.due_ns for message in accepted}
    times_ns = [at_ns - due_ns[message] for (message, _), at_ns in made.delivered_at_ns.items()]
    return _Quiet(made, quantiles_ms(times_ns))


def _expected(accepted: list[Accepted], endpoints: int) -> dict[str, tuple[int]]:
    return {message.id: (message.number % endpoints,) for message in accepted}


def _figures(
    alone: _Quiet, behind: _Quiet, beside: _Quiet, waiting: list[Accepted], hung: Arrivals
) -> list[Figure]:
    ratio = beside.ms["p99"] / alone.ms["p99"] if alone.ms["p99"] else None
    figures = [Figure("messages for the hanging", len(waiting))]
    for name, load in (("alone", alone), ("behind the backlog", behind), ("beside it", beside)):
        figures += [Figure(f"quiet {name} {rank} ms", load.ms[rank]) for rank in ("p50", "p99")]
    return [
        *figures,
        Figure("quiet p99 beside it, by alone", ratio, "≤ 1.5"),
        Figure("hanging: tried at least once", len(hung.ids)),
        Figure("hanging: attempts", len(hung)),
        Figure("hanging: still parked, never tried", len(waiting) - len(hung.ids)),
    ]


def _faults(tried: Account) -> list[str]:
    """The hanging ones get nothing delivered; only what reached them can be judged."""
    faults = []
    if tried.stray:
        faults.append(f"hanging: {tried.stray:,} at a wrong endpoint")
    if tried.unaccounted:
        faults.append(f"hanging: {tried.unaccounted:,} not accounted for")
    return faults

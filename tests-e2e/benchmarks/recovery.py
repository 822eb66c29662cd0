"""Recovery: many endpoints under a steady load are down for a while, then come back."""

import asyncio
from dataclasses import dataclass

from arrival_measures import (
    Account,
    account,
    peak_in_window,
    rate_between,
    traffic_between,
)
from arrivals import Arrivals
from endpoint_receiver import EndpointReceiver
from failure import BenchmarkFailed
from many_endpoints import Behaviour
from policy_setting import Bench, Cost, Figure, Outcome, PolicySetting, running_bench
from tools import Accepted

_NS = 1_000_000_000
# Connections are opened and caches filled in the first second.
_STEADY_AFTER_NS = _NS


@dataclass(frozen=True, slots=True)
class RecoverySize:
    """`rate` messages a second in all, each for one of the `endpoints` in turn.

    They answer for `steady_s`, are `down` for `down_s`, answer every other request with 503 for
    `half_s` (0: not at all), and answer again; the load goes on for `after_s`. `retry_schedule` is
    the platform's: the usual one has pauses longer than a benchmark should be.
    """

    endpoints: int
    rate: float
    steady_s: float
    down_s: float
    half_s: float
    after_s: float
    down: Behaviour
    retry_schedule: str

    @property
    def load_s(self) -> float:
        return self.steady_s + self.down_s + self.half_s + self.after_s


@dataclass(frozen=True, slots=True)
class Turns:
    """When the endpoints changed, in CLOCK_MONOTONIC nanoseconds; `some_ns` is when they began to
    answer some requests again, `up_ns` when they answered all."""

    down_ns: int
    some_ns: int
    up_ns: int


async def recovery(setting: PolicySetting, size: RecoverySize) -> Outcome:
    """Let the endpoints go down and come back under load, and await the backlog."""
    environment = {"ANGARIUM_RETRY_SCHEDULE": size.retry_schedule}
    async with running_bench(setting, receivers=1, settings=environment) as bench:
        [receiver] = bench.receivers
        urls = [[receiver.url(endpoint)] for endpoint in range(size.endpoints)]
        paths = await bench.platform.new_applications(urls)
        async with bench.measured() as cost:
            accepted, turns = await _load_and_turns(bench, paths, size, cost)
            await receiver.wait_for(len(accepted), setting.drain_timeout_s)
        arrivals = await receiver.hand_over(setting.folder)
    made = account(arrivals, {m.id: (m.number % size.endpoints,) for m in accepted})
    return Outcome(
        name=f"recovery ({size.down})",
        figures=figures(arrivals, made, accepted, turns),
        accounts={"recovery": made},
        cost=cost,
        refused=bench.refused,
    )


async def _load_and_turns(
    bench: Bench, paths: list[str], size: RecoverySize, cost: Cost
) -> tuple[list[Accepted], Turns]:
    try:
        async with asyncio.TaskGroup() as tasks:
            load = tasks.create_task(bench.post(paths, size.load_s, rate=size.rate, cost=cost))
            turns = tasks.create_task(_turns(bench.receivers[0], size, bench.setting))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return load.result(), turns.result()


async def _turns(receiver: EndpointReceiver, size: RecoverySize, setting: PolicySetting) -> Turns:
    if not await receiver.wait_for(1, setting.drain_timeout_s):
        raise BenchmarkFailed("recovery: no message arrived")
    await asyncio.sleep(size.steady_s)
    down_ns = await receiver.behave(size.down)
    await asyncio.sleep(size.down_s)
    some_ns = 0
    if size.half_s > 0:
        some_ns = await receiver.behave(Behaviour.HALF)
        await asyncio.sleep(size.half_s)
    up_ns = await receiver.behave(Behaviour.OK)
    return Turns(down_ns, some_ns or up_ns, up_ns)


def figures(
    arrivals: Arrivals, made: Account, accepted: list[Accepted], turns: Turns
) -> list[Figure]:
    """What the arrivals tell; peaks are over any second, wherever it begins."""
    times_ns = arrivals.times_ns()
    first_ns = times_ns[0] if times_ns else 0
    steady = rate_between(times_ns, first_ns + _STEADY_AFTER_NS, turns.down_ns)
    peak = peak_in_window([at_ns for at_ns in times_ns if at_ns >= turns.some_ns], _NS)
    down = traffic_between(arrivals, turns.down_ns, turns.some_ns)
    overloaded = traffic_between(arrivals, turns.down_ns, turns.up_ns)
    endpoints = {message.id: message.sent_ns for message in accepted}
    before_up = {message for message, sent_ns in endpoints.items() if sent_ns < turns.up_ns}
    late_ns = [
        at_ns - turns.up_ns
        for (message, _), at_ns in made.delivered_at_ns.items()
        if message in before_up and at_ns >= turns.up_ns
    ]
    delivered = {message for message, _ in made.delivered_at_ns}
    never = len(before_up - delivered)
    return [
        Figure("steady rate/s", steady),
        Figure("requests while down", down.requests),
        Figure("peak/s after coming up", peak),
        Figure("peak by steady rate", peak / steady if steady else None, "≤ 2"),
        Figure("backlog when up", len(late_ns) + never),
        Figure("s until it is delivered", None if never else max(late_ns, default=0) / 1e9),
        Figure("requests while down and half up", overloaded.requests),
        Figure("retries among them", overloaded.retry_share, "≤ 0.2"),
    ]

"""Fan-out: every message goes to all endpoints of one application."""

from dataclasses import dataclass

from arrival_measures import account
from policy_setting import Figure, Outcome, PolicySetting, running_bench

_POST_S_MAX = 120.0
_WARM_UP_MESSAGES = 2


@dataclass(frozen=True, slots=True)
class FanOutSize:
    endpoints: int
    messages: int


async def fan_out(setting: PolicySetting, size: FanOutSize) -> Outcome:
    """Post the messages as fast as they are accepted and await them at every endpoint."""
    everywhere = range(size.endpoints)
    async with running_bench(setting, receivers=1) as bench:
        [receiver] = bench.receivers
        urls = [receiver.url(endpoint) for endpoint in everywhere]
        paths = await bench.platform.new_applications([urls])
        warm = await bench.post(paths, _POST_S_MAX, count=_WARM_UP_MESSAGES)
        await receiver.wait_for(len(warm) * size.endpoints, setting.drain_timeout_s)
        warm_arrivals = await receiver.hand_over(setting.folder)
        async with bench.measured() as cost:
            accepted = await bench.post(paths, _POST_S_MAX, count=size.messages, cost=cost)
            await receiver.wait_for(len(accepted) * size.endpoints, setting.drain_timeout_s)
        arrivals = await receiver.hand_over(setting.folder)
    warmed = account(warm_arrivals, {message.id: everywhere for message in warm})
    made = account(arrivals, {message.id: everywhere for message in accepted})
    first_ns = min((message.sent_ns for message in accepted), default=0)
    seconds = (max(made.delivered_at_ns.values(), default=first_ns) - first_ns) / 1e9
    return Outcome(
        name="fan-out",
        figures=[
            Figure("endpoints", size.endpoints),
            Figure("messages", len(accepted)),
            Figure("deliveries", made.delivered),
            Figure("seconds", seconds),
            Figure("deliveries/s", made.delivered / seconds if seconds else None, "≥ 8,000"),
            Figure(
                "own CPU ms/delivery",
                cost.own_cpu_s * 1000 / made.delivered if made.delivered else None,
            ),
        ],
        accounts={"warm-up": warmed, "fan-out": made},
        cost=cost,
        refused=bench.refused,
    )

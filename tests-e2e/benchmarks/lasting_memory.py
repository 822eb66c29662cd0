"""Memory: what each process holds after so many requests."""

from dataclasses import dataclass

from arrival_measures import account
from policy_setting import Cost, Figure, Outcome, PolicySetting, running_bench
from resources import memory_now

_POST_S_MAX = 1_800.0
OURS = ("gateway", "dispatcher", "worker")


@dataclass(frozen=True, slots=True)
class MemorySize:
    """`requests` messages, one a request, and a reading after each `part` of them."""

    requests: int
    part: int


async def lasting_memory(setting: PolicySetting, size: MemorySize) -> Outcome:
    """Post the parts as fast as they are accepted, each once the one before has been received."""
    cost, accounts = Cost(), {}
    async with running_bench(setting, receivers=1) as bench:
        (receiver,) = bench.receivers
        paths = await bench.platform.new_applications([[receiver.url(0)]])
        held = {0: memory_now(bench.platform.pids)}
        done = 0
        while done < size.requests:
            count = min(size.part, size.requests - done)
            accepted = await bench.post(paths, _POST_S_MAX, count=count)
            await receiver.wait_for(len(accepted), setting.drain_timeout_s)
            arrivals = await receiver.hand_over(setting.folder)
            done += count
            accounts[f"{done:,}"] = account(arrivals, {one.id: (0,) for one in accepted})
            held[done] = memory_now(bench.platform.pids)
        refused = bench.refused
    cost.memory_bytes_max |= {
        name: max(reading.get(name, 0) for reading in held.values()) for name in held[0]
    }
    return Outcome("memory", _figures(held), accounts, cost, refused=refused)


def _figures(held: dict[int, dict[str, int]]) -> list[Figure]:
    """MB by process and reading, and the growth of each from the first part to the last."""
    figures = [
        Figure(f"{name} MB after {requests:,} requests", reading[name] / 1e6)
        for name in OURS
        for requests, reading in held.items()
        if name in reading
    ]
    parts = [reading for requests, reading in held.items() if requests]
    for name in OURS:
        if name in parts[0]:
            grown = (parts[-1].get(name, 0) - parts[0][name]) / 1e6
            figures.append(Figure(f"{name} MB more than after the first part", grown))
    return figures

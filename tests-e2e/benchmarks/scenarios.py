"""What is measured: throughput at full speed, and latency at a steady rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform_process import Platform
from quantiles import quantiles_ms
from resources import cpu_between, cpu_seconds, sampled_memory
from tools import Accepted, Received, ReceiverProcess, run_load

OUR_PROCESSES = ("gateway", "dispatcher", "worker", "dev")


@dataclass(frozen=True, slots=True)
class Setting:
    """What all scenarios of a run share."""

    platform: Platform
    receiver: ReceiverProcess
    messages_path: str
    folder: Path
    connections: int
    body_bytes: int
    drain_timeout_s: float
    envelope: Mapping[str, object] | None = None
    """The message of another API than Svix's; see event_body."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One load, from the first request to the last webhook received.

    `seconds` is the time from the first message sent to the last received, `received_rate` the
    messages received in it a second. `lost` were accepted and not received within the drain time,
    `duplicates` were received again, `unacknowledged` were received without a 202 that reached the
    client.
    """

    accepted: int
    accepted_rate: float
    refused: dict[str, int]
    without_answer: int
    accept_ms: dict[str, float]
    lateness_ms: dict[str, float]
    received: int
    received_rate: float
    seconds: float
    end_to_end_ms: dict[str, float]
    lost: int
    duplicates: int
    unacknowledged: int
    cpu_s: dict[str, float]
    memory_bytes_max: dict[str, int]

    @property
    def own_cpu_ms_per_message(self) -> float:
        """Of the platform's own processes, without the engines."""
        ours = sum(self.cpu_s.get(name, 0.0) for name in OUR_PROCESSES)
        return ours * 1000 / self.received if self.received else 0.0


async def deliver(setting: Setting, seconds: float, rate: float | None = None) -> Delivery:
    """Post messages for `seconds`, as fast as they are accepted or at `rate`, and await them."""
    receiver = setting.receiver
    await receiver.clear()
    pids = setting.platform.pids | {"receiver": receiver.pid}
    async with sampled_memory(pids) as memory:
        before = cpu_seconds(pids)
        summary, accepted = await run_load(
            setting.platform.url,
            [setting.messages_path],
            setting.platform.key,
            seconds=seconds,
            connections=setting.connections,
            body_bytes=setting.body_bytes,
            folder=setting.folder,
            rate=rate,
            envelope=setting.envelope,
        )
        await receiver.wait_for(len(accepted), setting.drain_timeout_s)
        cpu_s = cpu_between(before, cpu_seconds(pids))
    cpu_s["load generator"] = summary["cpu_s"]
    return _delivery(
        summary,
        accepted,
        await receiver.entries(),
        cpu_s,
        memory.bytes_max | {"load generator": summary["rss_bytes_max"]},
    )


def _delivery(
    summary: dict[str, Any],
    accepted: list[Accepted],
    entries: list[Received],
    cpu_s: dict[str, float],
    memory_bytes_max: dict[str, int],
) -> Delivery:
    first_received_ns = {entry.id: entry.first_ns for entry in entries}
    arrived = [message for message in accepted if message.id in first_received_ns]
    first_ns = min((message.sent_ns for message in accepted), default=0)
    seconds = (max(first_received_ns.values(), default=first_ns) - first_ns) / 1e9
    return Delivery(
        accepted=len(accepted),
        accepted_rate=summary["rate"],
        refused=summary["refused"],
        without_answer=summary["without_answer"] + summary["unanswered"] + summary["unsent"],
        accept_ms=summary["latency_ms"],
        lateness_ms=summary["lateness_ms"],
        received=len(entries),
        received_rate=len(entries) / seconds if seconds > 0 else 0.0,
        seconds=seconds,
        end_to_end_ms=quantiles_ms([first_received_ns[m.id] - m.due_ns for m in arrived]),
        lost=len(accepted) - len(arrived),
        duplicates=sum(entry.times - 1 for entry in entries),
        unacknowledged=len(first_received_ns.keys() - {message.id for message in accepted}),
        cpu_s=cpu_s,
        memory_bytes_max=memory_bytes_max,
    )

"""Results of loads on replicas, as values and as tables."""

import statistics
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from quantiles import quantiles_ms
from replica_processes import WorkDone
from rich.table import Table
from tools import Accepted, Received


@dataclass(frozen=True, slots=True)
class Load:
    """One load on one platform. `uneven` is, by service, how far the process that did the most or
    the least is from its share: 0.2 is a fifth more or less."""

    messages: int
    rate: float
    cpu_ms: dict[str, float]
    """CPU of the processes of each service for a message."""
    group_messages: dict[str, float]
    """Messages of a gateway's commit, and of a worker's chunk."""
    end_to_end_ms: dict[str, float]
    uneven: dict[str, float]
    lost: int
    duplicates: int

    @property
    def all_cpu_ms(self) -> float:
        """Of all processes of the platform, without the engines."""
        return sum(self.cpu_ms.values())

    @classmethod
    def of(
        cls,
        accepted: Sequence[Accepted],
        entries: Sequence[Received],
        *,
        took_s: float,
        cpu_s: Sequence[tuple[str, float]],
        done: Sequence[tuple[str, WorkDone]],
    ) -> Self:
        """`cpu_s` and `done` are of each process, by its service."""
        first_ns = {entry.id: entry.first_ns for entry in entries}
        arrived = [message for message in accepted if message.id in first_ns]
        by_service: defaultdict[str, list[WorkDone]] = defaultdict(list)
        for service, one in done:
            by_service[service].append(one)
        cpu_ms: defaultdict[str, float] = defaultdict(float)
        for service, used_s in cpu_s:
            cpu_ms[service] += used_s * 1_000 / max(1, len(accepted))
        groups = {service: sum(one.groups for one in of) for service, of in by_service.items()}
        return cls(
            messages=len(accepted),
            rate=len(accepted) / took_s,
            cpu_ms=dict(cpu_ms),
            group_messages={
                service: len(accepted) / count for service, count in groups.items() if count
            },
            end_to_end_ms=quantiles_ms([first_ns[m.id] - m.due_ns for m in arrived]),
            uneven={
                service: unevenness([one.messages for one in of])
                for service, of in by_service.items()
            },
            lost=len(accepted) - len(arrived),
            duplicates=sum(entry.times - 1 for entry in entries),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of a load, between two changes of the replicas."""

    name: str
    messages: int
    end_to_end_ms: dict[str, float]
    lost: int
    duplicates: int

    @classmethod
    def between(
        cls,
        marks: Sequence[tuple[str, int]],
        accepted: Sequence[Accepted],
        entries: Sequence[Received],
    ) -> list[Self]:
        """A change for each mark, with what was due from its time to the next one's."""
        found = {entry.id: entry for entry in entries}
        starts_ns = [at_ns for _, at_ns in marks]
        stretches: list[list[Accepted]] = [[] for _ in marks]
        for message in accepted:
            stretches[max(0, bisect_right(starts_ns, message.due_ns) - 1)].append(message)
        return [
            cls(
                name=name,
                messages=len(some),
                end_to_end_ms=quantiles_ms(
                    [found[m.id].first_ns - m.due_ns for m in some if m.id in found]
                ),
                lost=sum(m.id not in found for m in some),
                duplicates=sum(found[m.id].times - 1 for m in some if m.id in found),
            )
            for (name, _), some in zip(marks, stretches, strict=True)
        ]


def unevenness(counts: Sequence[int]) -> float:
    """How far the furthest of the counts is from their mean, in parts of it; 0 for none."""
    mean = sum(counts) / len(counts) if counts else 0
    return max(abs(count - mean) for count in counts) / mean if mean else 0.0


def loads_table(name: str, counts: Sequence[int], pairs: Sequence[tuple[Load, Load]]) -> Table:
    """The medians of both platforms, and the ratio of those of each pair."""
    table = Table(title=f"{name}, medians of {len(pairs)}")
    for column in ("", "one of each", ", ".join(map(str, counts)), "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    ones, manies = ([pair[place] for pair in pairs] for place in (0, 1))

    def row(title: str, values: Sequence[tuple[float, float]], digits: int) -> None:
        one, many = (statistics.median(value[place] for value in values) for place in (0, 1))
        ratio = statistics.median(many / one for one, many in values if one) if one else 0.0
        table.add_row(title, f"{one:,.{digits}f}", f"{many:,.{digits}f}", f"{ratio:.2f}")

    row("messages/s", [(one.rate, many.rate) for one, many in pairs], 0)
    row("our CPU a message, ms", [(one.all_cpu_ms, many.all_cpu_ms) for one, many in pairs], 3)
    for service in manies[0].cpu_ms:
        values = [(one.cpu_ms[service], many.cpu_ms[service]) for one, many in pairs]
        row(f"  of {service}s", values, 3)
    for service, group in ("gateway", "commit"), ("worker", "chunk"):
        groups = [
            (one.group_messages[service], many.group_messages[service]) for one, many in pairs
        ]
        row(f"messages a {group}", groups, 1)
    for quantile in ("p50", "p99"):
        row(
            f"end to end {quantile}, ms",
            [(one.end_to_end_ms[quantile], many.end_to_end_ms[quantile]) for one, many in pairs],
            1,
        )
    for service in manies[0].uneven:
        furthest = statistics.median(load.uneven[service] for load in manies)
        table.add_row(f"furthest {service} from its share", "", f"{furthest:.0%}", "")
    for title, found in (
        ("lost", [sum(load.lost for load in loads) for loads in (ones, manies)]),
        ("twice", [sum(load.duplicates for load in loads) for loads in (ones, manies)]),
    ):
        table.add_row(title, *(f"{count:,}" for count in found), "")
    return table


def changes_table(changes: Sequence[Change]) -> Table:
    """The latency of each stretch."""
    table = Table(title="one of each added and removed under load")
    for column in ("", "messages", "p50, ms", "p99, ms", "lost", "twice"):
        table.add_column(column, justify="left" if not column else "right")
    for change in changes:
        table.add_row(
            change.name,
            f"{change.messages:,}",
            *(f"{change.end_to_end_ms[quantile]:.1f}" for quantile in ("p50", "p99")),
            f"{change.lost:,}",
            f"{change.duplicates:,}",
        )
    return table

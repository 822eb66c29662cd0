"""Panels of dashboards, and the queries that they are made of."""

from dataclasses import dataclass
from typing import Final

RATE: Final = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph: queries by their legends, in `unit`."""

    title: str
    unit: str
    queries: dict[str, str]
    help: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


def quantile(share: float, name: str, *labels: str) -> str:
    """A quantile of a histogram over all processes."""
    by = ", ".join((*labels, "le"))
    return f"histogram_quantile({share}, sum by ({by}) (rate({name}_bucket{RATE})))"


def percentiles(name: str) -> dict[str, str]:
    """The median, p95 and p99 of a histogram."""
    return {f"p{int(share * 100)}": quantile(share, name) for share in (0.5, 0.95, 0.99)}


def rate(name: str, *labels: str) -> str:
    """The rate of a counter over all processes."""
    by = f"sum by ({', '.join(labels)}) " if labels else "sum"
    return f"{by}(rate({name}{RATE}))"


def highest(name: str, *labels: str) -> str:
    """A figure that one process reports."""
    by = f"max by ({', '.join(labels)}) " if labels else "max"
    return f"{by}({name})"

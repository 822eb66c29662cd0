"""Quantiles of measured times."""

from collections.abc import Sequence


def quantiles_ms(times_ns: Sequence[int]) -> dict[str, float]:
    """p50, p99 and max in milliseconds (nearest rank); zeros for no times."""
    if not times_ns:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    ordered = sorted(times_ns)

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6

    return {"p50": rank(0.50), "p99": rank(0.99), "max": ordered[-1] / 1e6}

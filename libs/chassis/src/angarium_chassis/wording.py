"""Counts and spans of time in words."""


def counted(count: int, thing: str, things: str | None = None) -> str:
    """`1 batch`, `2 batches`."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def lasted(seconds: float) -> str:
    """A span of time: 12 s, 4 min, 3 h, 2 days."""
    for unit, unit_s, from_s in (("days", 86_400, 172_800), ("h", 3_600, 7_200), ("min", 60, 120)):
        if seconds >= from_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.0f} s"

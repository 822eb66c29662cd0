"""The error of the benchmark."""


class BenchmarkFailed(Exception):
    """The benchmark cannot go on; `str()` tells why in one line."""

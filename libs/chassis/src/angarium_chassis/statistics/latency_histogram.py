"""Histograms of times in milliseconds, which merge exactly.

Values up to 16 ms have a bucket each. Above, each doubling is divided into 16 buckets, so that a
percentile is at most 1/32 (3.2 %) beside the value. The buckets are fixed: the sum of two
histograms is the histogram of all their values.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

_BITS: Final = 4
_PER_DOUBLING: Final = 1 << _BITS
VALUE_MAX: Final = (1 << 40) - 1
"""Larger values (35 years) count as this one."""

type Histogram = Counter[int]
"""Number of values in each bucket."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[int])


def bucket_of(value_ms: int) -> int:
    """The bucket of a value; a negative one counts as 0."""
    value = min(max(value_ms, 0), VALUE_MAX)
    if value < _PER_DOUBLING:
        return value
    shift = value.bit_length() - _BITS - 1
    return ((shift + 1) << _BITS) + (value >> shift) - _PER_DOUBLING


def middle_of(bucket: int) -> float:
    """The middle of a bucket's values, in milliseconds."""
    if bucket < _PER_DOUBLING:
        return float(bucket)
    shift = (bucket >> _BITS) - 1
    lowest = ((bucket & (_PER_DOUBLING - 1)) + _PER_DOUBLING) << shift
    return lowest + ((1 << shift) - 1) / 2


def percentiles(histogram: Histogram, shares: Sequence[float]) -> list[float] | None:
    """The percentiles at `shares` (ascending, 0 to 1), in milliseconds; None without values."""
    total = histogram.total()
    if not total:
        return None
    found: list[float] = []
    seen = 0
    for bucket, count in sorted(histogram.items()):
        seen += count
        while len(found) < len(shares) and seen >= shares[len(found)] * total:
            found.append(middle_of(bucket))
    return found


def pack(histogram: Histogram) -> bytes:
    """Encode as msgpack: buckets in ascending order, each followed by its count."""
    return _encoder.encode([each for pair in sorted(histogram.items()) for each in pair])


def unpack(packed: bytes) -> Histogram:
    """Decode what `pack` encoded; an empty text is an empty histogram."""
    if not packed:
        return Counter()
    flat = _decoder.decode(packed)
    return Counter(dict(zip(flat[::2], flat[1::2], strict=True)))


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """The histogram of all values."""
    total: Histogram = Counter()
    for each in histograms:
        total.update(each)
    return total

"""Cutting the deliveries of a batch into chunks that one worker takes at a time."""

from collections.abc import Sequence

CHUNK_DELIVERIES_MAX = 100
CHUNK_PAYLOAD_BYTES_MAX = 1024 * 1024

type Slice = tuple[int, int, int]
"""Index of a message in the batch, and the range (start, stop) of its recipients."""


def plan_chunks(
    sizes: Sequence[tuple[int, int]],
    *,
    deliveries_max: int = CHUNK_DELIVERIES_MAX,
    payload_bytes_max: int = CHUNK_PAYLOAD_BYTES_MAX,
) -> list[list[Slice]]:
    """Plan chunks that cover every delivery once, in order.

    `sizes` holds for each message the bytes of its payload and the number of its recipients. A
    chunk carries the payload of a message once, however many of its recipients it covers. A
    payload larger than `payload_bytes_max` has a chunk to itself.
    """
    chunks: list[list[Slice]] = []
    chunk: list[Slice] = []
    free = deliveries_max
    chunk_bytes = 0
    for index, (payload_bytes, recipients) in enumerate(sizes):
        start = 0
        while start < recipients:
            if not free or (chunk and chunk_bytes + payload_bytes > payload_bytes_max):
                chunks.append(chunk)
                chunk, free, chunk_bytes = [], deliveries_max, 0
            stop = min(recipients, start + free)
            chunk.append((index, start, stop))
            free -= stop - start
            chunk_bytes += payload_bytes
            start = stop
    if chunk:
        chunks.append(chunk)
    return chunks

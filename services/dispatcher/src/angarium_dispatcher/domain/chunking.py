"""Cutting the deliveries of a batch into chunks that one worker takes at a time."""

from collections.abc import Sequence

CHUNK_DELIVERIES_MAX = 100
CHUNK_PAYLOAD_BYTES_MAX = 1024 * 1024

type Slice = tuple[int, int, int]
"""Which message of the batch, and from which of its recipients to before which."""


def plan_chunks(
    sizes: Sequence[tuple[int, int]],
    *,
    deliveries_max: int = CHUNK_DELIVERIES_MAX,
    payload_bytes_max: int = CHUNK_PAYLOAD_BYTES_MAX,
) -> list[list[Slice]]:
    """Chunks that cover every delivery once, in order.

    `sizes` holds for each message its payload's bytes and its number of recipients. A chunk
    carries a message's payload once, however many recipients it takes of it; one payload
    that is larger than a chunk may be goes alone.
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

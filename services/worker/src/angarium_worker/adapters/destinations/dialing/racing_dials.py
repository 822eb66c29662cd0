"""Happy eyeballs: several addresses of one host, dialled a moment apart; the first one wins.

RFC 8305: families alternate (section 4), the next attempt starts as soon as one fails or after
a short delay (section 5). The resolver's order is kept within a family (RFC 6724).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest

from angarium_worker.domain.attempt_result import FailureReason

from .failures import SendFailed

type Connect = Callable[[str], Awaitable[socket.socket]]
"""Dials one address. Raises SendFailed; when cancelled it leaves nothing open."""


def in_turns(addresses: Sequence[str], count_max: int) -> list[str]:
    """Families alternating, the first address's family first; at most `count_max`."""
    first_is_ipv6 = ":" in addresses[0]
    preferred = [address for address in addresses if (":" in address) == first_is_ipv6]
    others = [address for address in addresses if (":" in address) != first_is_ipv6]
    turns = chain.from_iterable(zip_longest(preferred, others))
    return [address for address in turns if address is not None][:count_max]


async def first_connected(
    addresses: Sequence[str], connect: Connect, stagger_s: float
) -> socket.socket:
    """The first connection that is made; all others are given up and closed.

    Raises the SendFailed that says most, when every address failed. Bounded by its caller's
    deadline and by the number of addresses.
    """
    if len(addresses) == 1:
        return await connect(addresses[0])
    waiting = list(reversed(addresses))
    running: set[asyncio.Task[socket.socket]] = set()
    failures: list[SendFailed] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(_dial(connect, waiting.pop())))
            done, _ = await asyncio.wait(
                running,
                timeout=stagger_s if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                running.discard(task)
                error = task.exception()
                if error is None:
                    return task.result()
                if not isinstance(error, SendFailed):
                    raise error
                failures.append(error)
    finally:
        await _give_up(running)
    raise _most_telling(failures)


async def _dial(connect: Connect, address: str) -> socket.socket:
    return await connect(address)


async def _give_up(running: set[asyncio.Task[socket.socket]]) -> None:
    for task in running:
        task.cancel()
        task.add_done_callback(_close_connected)
    if running:
        await asyncio.wait(running)


def _close_connected(task: asyncio.Task[socket.socket]) -> None:
    """Also of one that connected in the moment in which it was given up."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


def _most_telling(failures: list[SendFailed]) -> SendFailed:
    """A host without IPv6 of its own says "no route" for those; another address says more."""
    if not failures:
        return SendFailed(FailureReason.DNS_FAILED, "no address")
    telling = (failed for failed in failures if failed.reason is not FailureReason.UNREACHABLE)
    return next(telling, failures[0])

"""Processes that read the same stream share its entries evenly."""

import asyncio

from ..process_double import NewProcess, ProcessDouble

PROCESSES = 3
ROUNDS = 20


async def test_idle_readers_take_turns(process: ProcessDouble, new_process: NewProcess) -> None:
    inboxes = []
    readers = []
    for number in range(PROCESSES):
        reading = await new_process(f"reader-{number}")
        inboxes.append(reading.inbox())
        readers.append(reading.read(inboxes[-1]))
    async with asyncio.timeout(15):
        while not all(reader.running for reader in readers):
            await asyncio.sleep(0.01)

    def seen() -> list[int]:
        return [len(inbox.seen) for inbox in inboxes]

    async with asyncio.timeout(60):
        for number in range(PROCESSES * ROUNDS):
            await process.publish(number)
            while sum(seen()) <= number:
                await asyncio.sleep(0.001)

    assert all(0.8 * ROUNDS <= count <= 1.2 * ROUNDS for count in seen()), seen()

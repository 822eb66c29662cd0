"""Entries that are in the stream more than once, on a real Valkey."""

from typing import Any


async def test_of_an_entry_published_three_times_each_delivery_is_sent_once(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/hook")
    for _ in range(2):
        platform.start_worker()
    chunks = [platform.chunk([endpoint]) for _ in range(20)]
    await platform.publish(*[chunk for chunk in chunks for _ in range(3)])
    await platform.until_rows(platform.attempts, lambda rows: len(rows) == 20)
    await platform.publish(*chunks)  # once more, after everything is on record
    last = platform.chunk([endpoint])
    await platform.publish(last)
    rows = await platform.until_rows(platform.attempts, lambda rows: len(rows) >= 21)
    assert len({row.message_id for row in rows}) == len(rows) == 21
    assert len(platform.receiver.requests) == 21

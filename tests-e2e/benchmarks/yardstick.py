"""The yardstick: how fast a bare loop posts the same body with aiohttp on one core.

    python yardstick.py --url http://127.0.0.1:PORT/ok --seconds 10

One process, one thread, one session, as many tasks as connections; the answers are read. Prints
`{"rate": …, "posted": …, "seconds": …, "cpu_us": …}`, the last one of CPU time for each post.
"""

import argparse
import asyncio
import json
import time

import aiohttp
import uvloop
from event_body import EventBody


async def post(url: str, seconds: float, connections: int, body_bytes: int) -> dict[str, float]:
    body = EventBody(body_bytes).numbered(0)
    headers = {"content-type": "application/json"}
    posted = 0
    timeout = aiohttp.ClientTimeout(total=seconds + 30)
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        started_s, started_cpu_s = time.monotonic(), time.process_time()
        deadline_s = started_s + seconds

        async def one_connection() -> None:
            nonlocal posted
            while time.monotonic() < deadline_s:
                async with session.post(url, data=body, headers=headers) as answer:
                    await answer.read()
                    answer.raise_for_status()
                posted += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                tasks.create_task(one_connection())
        took_s = time.monotonic() - started_s
        cpu_us = (time.process_time() - started_cpu_s) / max(1, posted) * 1e6
    return {"rate": posted / took_s, "posted": posted, "seconds": took_s, "cpu_us": cpu_us}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--body-bytes", type=int, default=1024)
    given = parser.parse_args()
    made = uvloop.run(post(given.url, given.seconds, given.connections, given.body_bytes))
    print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()

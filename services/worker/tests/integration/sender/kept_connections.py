"""What kept connections cost a process, measured in a process of its own.

    kept_connections.py PORT COUNT [CA_FILE]

Posts once to each of COUNT endpoints, all at 127.0.0.1:PORT, over https with a CA_FILE. Prints
`{"kept": …, "bytes_each": …, "idle_cpu_s": …}`; the idle time that the CPU is measured over is
one second.
"""

import asyncio
import gc
import json
import sys
import time
from pathlib import Path

import psutil
import uvloop
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.domain.attempt_result import Accepted

FIRST = 50
AT_ONCE = 16
HEADERS = (("content-type", "application/json"),)


async def measure(port: int, count: int, ca_file: Path | None) -> dict[str, float]:
    sender = WebhookSender(
        EgressRules.parse(["127.0.0.0/8"]),
        client_tls_context(ca_file),
        user_agent="Angarium/test",
        allow_http=True,
        limits=SenderLimits(kept_bytes_max=1024**4, idle_timeout_s=600),
        lookup=lambda _: ["127.0.0.1"],
    )
    scheme = "http" if ca_file is None else "https"
    places = asyncio.Semaphore(AT_ONCE)

    async def post(number: int) -> None:
        url = f"{scheme}://e{number}.hooks.example:{port}/"
        async with places:
            outcome = await sender.send(WebhookRequest(url, HEADERS, b"x" * 1024, 30))
        assert isinstance(outcome, Accepted), outcome

    await asyncio.gather(*(post(number) for number in range(FIRST)))
    gc.collect()
    before = psutil.Process().memory_info().rss
    await asyncio.gather(*(post(number) for number in range(FIRST, count)))
    gc.collect()
    grown = psutil.Process().memory_info().rss - before
    cpu_s = time.process_time()
    await asyncio.sleep(1)
    cpu_s = time.process_time() - cpu_s
    kept = sender.connections_idle
    await sender.aclose()
    return {"kept": kept, "bytes_each": grown / (count - FIRST), "idle_cpu_s": cpu_s}


if __name__ == "__main__":
    ca = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(json.dumps(uvloop.run(measure(int(sys.argv[1]), int(sys.argv[2]), ca))))

"""Receive webhooks with the standard library and angarium-receiver alone.

WEBHOOK_SECRET=whsec_… python standard_library.py 9000
"""

import os
import sys
from typing import Any
from wsgiref.simple_server import make_server

from angarium_receiver import Event, Receiver
from angarium_receiver.frameworks.wsgi import WebhookApp

receiver = Receiver(os.environ["WEBHOOK_SECRET"])


@receiver.on("invoice.paid")
def invoice_paid(invoice: dict[str, Any]) -> None:
    print("paid:", invoice["amount"], flush=True)


@receiver.on("*")
def anything_else(event: Event) -> None:
    print("received:", event.id, event.body, flush=True)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    with make_server("127.0.0.1", port, WebhookApp(receiver)) as server:
        print(f"listening on {server.server_port}", flush=True)
        server.serve_forever()

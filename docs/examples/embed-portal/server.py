"""A page of a product with the portal of a customer in it.

    pip install svix
    ANGARIUM_URL=http://127.0.0.1:8080 ANGARIUM_KEY=… python server.py --port 8000 acme

`acme` is the uid of the customer's application, which is created if there is none.
"""

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from svix.api import ApplicationIn, AppPortalAccessIn, Svix, SvixOptions

PAGE = Path(__file__).with_name("index.html").read_bytes()
parser = argparse.ArgumentParser()
parser.add_argument("customer")
parser.add_argument("--port", type=int, default=8000)
arguments = parser.parse_args()
svix = Svix(os.environ["ANGARIUM_KEY"], SvixOptions(server_url=os.environ["ANGARIUM_URL"]))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(PAGE, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """A link for whoever is signed in: ask your own sessions who that is."""
        customer = arguments.customer
        access = AppPortalAccessIn(application=ApplicationIn(name=customer, uid=customer))
        link = svix.authentication.app_portal_access(customer, access)
        self.answer(json.dumps({"url": link.url}).encode(), "application/json")

    def answer(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
print(f"http://localhost:{server.server_port}", flush=True)  # noqa: T201 - where it is
server.serve_forever()

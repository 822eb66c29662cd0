"""The sender in a network namespace whose every way out leads to a canary; a process of its own.

    sender_in_namespace.py            reads a Question as JSON, prints a Report as JSON
    sender_in_namespace.py canary     the other end: takes every address of both families

Exit status 3, with the reason on standard error, where no namespaces can be made.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import structlog
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest

UNAVAILABLE = 3
BATCH = 50
TIMEOUT_S = 2.0
# Where both ends' own addresses lie; the rules refuse them like all documentation space.
NEAR_IPV4, FAR_IPV4 = "192.0.2.1", "192.0.2.2"
NEAR_IPV6, FAR_IPV6 = "2001:db8:ffff::1", "2001:db8:ffff::2"


class Canary:
    """Listens on every address at the given ports and notes which address was dialled."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        self._servers: list[asyncio.Server] = []

    async def listen(self, ports: list[int]) -> None:
        for port in ports:
            for host in ("0.0.0.0", "::"):
                self._servers.append(await asyncio.start_server(self._hit, host, port))

    async def _hit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits.append(writer.get_extra_info("sockname")[0])
        try:
            if await reader.read(4) == b"POST":
                writer.write(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def take_hits(self) -> list[str]:
        hits, self.hits = self.hits, []
        return hits


def new_namespace() -> None:
    """Enter a fresh network namespace; without root, inside a user namespace of our own."""
    try:
        if os.geteuid() == 0:
            os.unshare(os.CLONE_NEWNET)
        else:
            user, group = os.geteuid(), os.getegid()
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        ip("link set lo up")
    except (OSError, AttributeError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"no network namespace: {error}\n")
        sys.exit(UNAVAILABLE)


def ip(*commands: str) -> None:
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


@contextmanager
def far_end(ports: list[int]) -> Iterator["FarEnd"]:
    """A canary in a namespace of its own, joined to this one by a pair of interfaces."""
    program = [sys.executable, __file__, "canary"]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            far = FarEnd(process)
            far.expect("namespace")
            ip(f"link add near type veth peer name far netns {process.pid}")
            ip(f"addr add {NEAR_IPV4}/30 dev near", f"addr add {NEAR_IPV6}/64 dev near nodad")
            ip("link set near up")
            far.tell(json.dumps(ports))
            far.expect("listening")
            ip(f"route add default via {FAR_IPV4}", f"-6 route add default via {FAR_IPV6}")
            yield far
        finally:
            process.kill()


class FarEnd:
    """Line by line with the canary's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        stdin = self._stream(self._process.stdin)
        stdin.write(line + "\n")
        stdin.flush()

    def hear(self) -> str:
        return self._stream(self._process.stdout).readline().strip()

    def expect(self, line: str) -> None:
        if self.hear() != line:
            sys.stderr.write("no second network namespace\n")
            sys.exit(UNAVAILABLE)

    def take_hits(self) -> list[str]:
        self.tell("hits")
        hits: list[str] = json.loads(self.hear())
        return hits

    def _stream(self, stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream


async def be_the_canary() -> None:
    new_namespace()
    print("namespace", flush=True)
    loop = asyncio.get_running_loop()
    ports = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    ip(f"addr add {FAR_IPV4}/30 dev far", f"addr add {FAR_IPV6}/64 dev far nodad")
    ip("link set far up")
    # Any address is ours; beside the local table, so that the way back stays.
    ip("route add local 0.0.0.0/0 dev lo table main", "-6 route add local ::/0 dev lo table main")
    canary = Canary()
    await canary.listen(ports)
    print("listening", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(canary.take_hits()), flush=True)


async def send_all(rules: EgressRules, urls: list[str], names: dict[str, list[str]]) -> list[str]:
    """Try every URL; the statuses and reasons."""
    sender = WebhookSender(
        rules,
        client_tls_context(),
        user_agent="Angarium/test",
        allow_http=True,
        lookup=lambda host: names.get(host, []),
    )
    ended: list[str] = []
    for start in range(0, len(urls), BATCH):
        async with asyncio.TaskGroup() as group:
            sends = [
                group.create_task(sender.send(WebhookRequest(url, (), b"{}", TIMEOUT_S)))
                for url in urls[start : start + BATCH]
            ]
        outcomes = [sent.result() for sent in sends]
        ended += [str(getattr(outcome, "reason", 200)) for outcome in outcomes]
    await sender.aclose()
    return ended


async def examine(question: dict[str, Any]) -> dict[str, Any]:
    """Refused URLs under the rules, the same with everything open, and the allowed ones."""
    near = Canary()
    await near.listen(question["ports"])
    names, refused = question["names"], question["refused"]
    with far_end(question["ports"]) as far:
        reasons = await send_all(EgressRules(), refused, names)
        hits = near.take_hits() + far.take_hits()
        await send_all(EgressRules.parse(["0.0.0.0/0", "::/0"]), refused, names)
        hits_without_rules = near.take_hits() + far.take_hits()
        await send_all(EgressRules(), question["allowed"], names)
        hits_of_allowed = near.take_hits() + far.take_hits()
    return {
        "reasons": sorted(set(reasons)),
        "hits": hits,
        "hits_without_rules": sorted(set(hits_without_rules)),
        "hits_of_allowed": hits_of_allowed,
    }


def main() -> None:
    if sys.argv[1:] == ["canary"]:
        asyncio.run(be_the_canary())
        return
    # Standard output is the report's.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    question = json.load(sys.stdin)
    new_namespace()
    print(json.dumps(asyncio.run(examine(question))))


if __name__ == "__main__":
    main()

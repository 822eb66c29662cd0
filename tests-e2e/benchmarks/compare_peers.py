"""Angarium and its peers from outside, in alternation on one machine; `make bench-peers` runs it.

Each server has engines of its own and one endpoint. The same load generator posts messages with the
same payload to each in turn, one a request, and the same receiver takes the webhooks: first as fast
as they are accepted, until the last is received, then at a steady rate. Who begins changes with
every round. A peer that cannot be had is left out, with the reason.

Slow figures never fail. It ends with 1 if Angarium lost a message, with 2 if nothing was measured
beside it.
"""

import argparse
import asyncio
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import httpx
from angarium_cli.engines import EngineFailed
from failure import BenchmarkFailed
from interruption import end_like_ctrl_c
from peer_programs import OUTPOST_VERSION, find_outpost, find_svix
from peer_report import OURS, Round, Server, peers_table, report, unfair
from peers import Angarium, Outpost, Peer, Svix
from rich.console import Console
from scenarios import Delivery, Setting, deliver
from server_program import PeerMissing
from tools import ReceiverProcess, running_receiver

_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "peers"
_WARM_UP_S = 3.0
_WARM_UP_RATE = 50.0


def find_peers(given: argparse.Namespace) -> tuple[list[Peer], dict[str, str]]:
    """Angarium, the peers that are there, and why the others are not."""
    ours = Angarium(given.angarium, version("angarium-cli"))
    found: list[Peer] = [ours]
    missing: dict[str, str] = {}
    if given.control:
        found.append(replace(ours, name=f"{OURS} again"))
    try:
        wanted = given.outpost_version or OUTPOST_VERSION
        programs = find_outpost(given.outpost, _CACHE, wanted, build=not given.without_build)
        named = given.outpost_version or ("of --outpost" if given.outpost else OUTPOST_VERSION)
        found.append(Outpost(programs, named, given.connections))
    except PeerMissing as error:
        missing["Outpost"] = str(error)
    try:
        found.append(Svix(find_svix(given.svix), given.svix_version))
    except PeerMissing as error:
        missing["Svix"] = str(error)
    return found, missing


class Bench:
    """The receiver and the servers that run; `missing` are those that did not start."""

    def __init__(self, given: argparse.Namespace, folder: Path, console: Console) -> None:
        self._given = given
        self._folder = folder
        self._console = console
        self.settings: dict[str, Setting] = {}
        self.missing: dict[str, str] = {}

    async def start(self, peer: Peer, receiver: ReceiverProcess, opened: AsyncExitStack) -> None:
        """Start a server and warm it up; a peer that fails is missing, Angarium raises."""
        folder = self._folder / peer.name.lower().replace(" ", "-")
        folder.mkdir()
        # As root, Postgres runs as another user, who must be able to enter.
        folder.chmod(0o711)
        self._console.print(f"starting {peer.name} {peer.version} …")
        try:
            async with AsyncExitStack() as own:
                running = await own.enter_async_context(
                    peer.running(folder, f"{receiver.url}/ok/{len(self.settings)}")
                )
                setting = Setting(
                    platform=running.platform,
                    receiver=receiver,
                    messages_path=running.messages_path,
                    folder=folder,
                    connections=self._given.connections,
                    body_bytes=self._given.body_bytes,
                    drain_timeout_s=self._given.drain_timeout,
                    envelope=running.envelope,
                )
                first = await deliver(setting, _WARM_UP_S, _WARM_UP_RATE)
                if not first.received:
                    raise BenchmarkFailed(f"none of {first.accepted} messages was delivered")
                opened.push_async_callback(own.pop_all().aclose)
        except (BenchmarkFailed, EngineFailed, PeerMissing, httpx.HTTPError) as error:
            if peer.name == OURS:
                raise
            self.missing[peer.name] = str(error)
            return
        self.settings[peer.name] = setting

    async def round(self, number: int) -> Round:
        """A round, which begins with the server after the one that began the last."""
        names = list(self.settings)
        turn = (number - 1) % len(names)
        order = names[turn:] + names[:turn]
        load_average: dict[str, float] = {}
        loads: list[dict[str, Delivery]] = []
        for title, seconds, rate in (
            ("full", self._given.seconds, None),
            ("steady", self._given.latency_seconds, self._given.rate),
        ):
            load_average[title] = os.getloadavg()[0]
            self._console.print(
                f"round {number}/{self._given.rounds}: {rate or 'full rate'}, load average"
                f" {load_average[title]:.1f} …"
            )
            loads.append(
                {name: await deliver(self.settings[name], seconds, rate) for name in order}
            )
        return Round(loads[0], loads[1], load_average)


async def measure(
    given: argparse.Namespace, peers: Sequence[Peer], folder: Path, console: Console
) -> tuple[list[Round], dict[str, str]]:
    """The rounds, and why peers did not start."""
    bench = Bench(given, folder, console)
    async with AsyncExitStack() as opened:
        receiver = await opened.enter_async_context(running_receiver())
        for peer in peers:
            await bench.start(peer, receiver, opened)
        rounds = [await bench.round(number) for number in range(1, given.rounds + 1)]
    return rounds, bench.missing


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = shlex.quote(str(Path(sys.executable).with_name("angarium")))
    parser.add_argument("--angarium", default=here, help="the command that runs angarium")
    parser.add_argument("--rounds", type=int, default=6, help="loads of each kind (6)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of posting at full rate (10)")
    parser.add_argument("--latency-seconds", type=float, default=20.0, help="at the rate (20)")
    parser.add_argument("--rate", type=float, default=300.0, help="messages a second (300)")
    parser.add_argument("--connections", type=int, default=64, help="requests in flight (64)")
    parser.add_argument("--body-bytes", type=int, default=1024)
    parser.add_argument(
        "--drain-timeout", type=float, default=300.0, help="s to wait for the last webhook (300)"
    )
    parser.add_argument(
        "--outpost", type=Path, metavar="FOLDER", help="with outpost and outpost-server, built"
    )
    parser.add_argument(
        "--outpost-version",
        help=f"to build, or what the report calls --outpost ({OUTPOST_VERSION})",
    )
    parser.add_argument("--without-build", action="store_true", help="build and download nothing")
    parser.add_argument("--svix", type=Path, metavar="PROGRAM", help="svix-server, built")
    parser.add_argument("--svix-version", default="of --svix", help="what the report calls it")
    parser.add_argument(
        "--control", action="store_true", help="a second Angarium: what equal servers differ by"
    )
    parser.add_argument("--json", type=Path, default=_CACHE / "last.json", metavar="FILE")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    console = Console()
    end_like_ctrl_c()
    console.print("looking for the peers' programs; building takes some minutes, once …")
    peers, missing = find_peers(given)
    try:
        with tempfile.TemporaryDirectory(prefix="angarium-peers-") as name:
            folder = Path(name)
            folder.chmod(0o711)
            rounds, failed = asyncio.run(measure(given, peers, folder, console))
    except (BenchmarkFailed, EngineFailed, httpx.HTTPError) as error:
        print(f"bench-peers: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    missing |= failed
    console.print(peers_table(rounds, given.rate))
    for sentence in unfair(rounds):
        console.print(sentence, highlight=False)
    for peer, reason in missing.items():
        console.print(f"{peer} was not measured: {reason}", highlight=False, markup=False)
    measured = [peer for peer in peers if peer.name in rounds[0].full]
    given.json.parent.mkdir(parents=True, exist_ok=True)
    servers = [Server(peer.name, peer.version, peer.promise, peer.settings()) for peer in measured]
    told = {name: str(value) for name, value in vars(given).items()}
    given.json.write_text(json.dumps(report(rounds, servers, missing, told), indent=2) + "\n")
    console.print(f"written to {given.json}", highlight=False)
    if any(load.lost for each in rounds for load in (each.full[OURS], each.steady[OURS])):
        return 1
    return 0 if len(measured) > 1 else 2


if __name__ == "__main__":
    sys.exit(main())

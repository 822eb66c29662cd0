"""The command `angarium-outbox`.

Standard output has the command's results; logs and errors go to standard error. Exit status: 0; 2
for what the caller can correct; 1 for what failed at work.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from angarium_outbox.counters import RelayCounters
from angarium_outbox.database_clock import UnsupportedDatabase
from angarium_outbox.database_failures import DATABASE_FAILURES, reason_of
from angarium_outbox.relay import Relay
from angarium_outbox.settings import PREFIX, CommandSettings, InvalidSettings, read_settings
from angarium_outbox.store import COUNTED_MAX, OutboxStore
from angarium_outbox.tables import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PAGE = 500


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and exit."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    # httpx logs each request at this level.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = read_settings(os.environ, for_relay=given.command == "relay")
        asyncio.run(_COMMANDS[given.command](given, settings))
    except (InvalidSettings, UnsupportedDatabase) as error:
        _end(2, str(error))
    except (ArgumentError, ModuleNotFoundError) as error:
        # Their texts have no part of the URL but its scheme or driver.
        _end(2, f"{PREFIX}DATABASE_URL cannot be used: {error}")
    except DATABASE_FAILURES as error:
        _end(1, f"the database of {PREFIX}DATABASE_URL fails: {reason_of(error)}")


def _end(status: int, text: str) -> None:
    sys.stderr.write(f"angarium-outbox: {text}\n")
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="angarium-outbox",
        description="Post the events of an outbox to Angarium, and look after them. Settings are"
        f" environment variables: {PREFIX}DATABASE_URL and, for `relay`, {PREFIX}API_URL and"
        f" {PREFIX}API_KEY.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("relay", help="post events until stopped (SIGTERM or Ctrl-C)")
    commands.add_parser("status", help="count the events that wait")
    commands.add_parser("list", help="list the events that were set aside, with their reasons")
    requeue = commands.add_parser("requeue", help="post events that were set aside again")
    which = requeue.add_mutually_exclusive_group(required=True)
    which.add_argument("event_ids", nargs="*", metavar="EVENT_ID", default=[])
    which.add_argument("--all", action="store_true", help="all events that were set aside")
    prune = commands.add_parser("prune", help="delete accepted events")
    prune.add_argument(
        "--older-than-days", type=float, required=True, metavar="DAYS", help="accepted before then"
    )
    commands.add_parser("create-tables", help="create the tables, where no migrations are used")
    return parser


@asynccontextmanager
async def _engine(settings: CommandSettings) -> "AsyncIterator[AsyncEngine]":
    engine = create_async_engine(settings.database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _relay(_: argparse.Namespace, settings: CommandSettings) -> None:
    if settings.relay is None:
        raise InvalidSettings("the settings of the relay were not read")
    async with _engine(settings) as engine:
        relay = Relay(engine, settings.relay)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, relay.stop)
        if settings.metrics_port is not None:
            _serve_metrics(relay.counters, settings.metrics_host, settings.metrics_port)
        logging.getLogger("angarium_outbox").info("the relay runs")
        await relay.run()


def _serve_metrics(counters: RelayCounters, host: str, port: int) -> None:
    try:
        from prometheus_client import start_http_server

        from angarium_outbox.metrics import registry_of
    except ModuleNotFoundError:
        raise InvalidSettings(
            f"{PREFIX}METRICS_PORT needs prometheus-client; install angarium-outbox[metrics]"
        ) from None
    start_http_server(port, addr=host, registry=registry_of(counters))


async def _status(_: argparse.Namespace, settings: CommandSettings) -> None:
    async with _engine(settings) as engine:
        backlog = await OutboxStore(engine).backlog()
    more = " or more" if backlog.pending >= COUNTED_MAX else ""
    _print(f"pending    {backlog.pending:>8,}{more}")
    if backlog.oldest_ms is not None:
        age_s = max(0, backlog.now_ms - backlog.oldest_ms) / 1_000
        _print(f"           the oldest was added {age_s:,.0f} s ago")
    _print(f"set aside  {backlog.set_aside:>8,}")


async def _list(_: argparse.Namespace, settings: CommandSettings) -> None:
    async with _engine(settings) as engine:
        store, after = OutboxStore(engine), 0
        while page := await store.set_aside(after=after, limit=_PAGE):
            for event in page:
                at = datetime.fromtimestamp(event.ended_ms / 1_000, UTC)
                _print(
                    f"{event.event_id}  {at:%F %T}  {event.application}  {event.event_type}"
                    f"  {event.reason}"
                )
            after = page[-1].position


async def _requeue(given: argparse.Namespace, settings: CommandSettings) -> None:
    async with _engine(settings) as engine:
        count = await OutboxStore(engine).requeue(None if given.all else given.event_ids)
    _print(f"{count:,} requeued")


async def _prune(given: argparse.Namespace, settings: CommandSettings) -> None:
    deleted = 0
    async with _engine(settings) as engine:
        store = OutboxStore(engine)
        while count := await store.prune(older_than_s=given.older_than_days * 86_400):
            deleted += count
    _print(f"{deleted:,} deleted")


async def _create_tables(_: argparse.Namespace, settings: CommandSettings) -> None:
    async with _engine(settings) as engine, engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


_COMMANDS = {
    "relay": _relay,
    "status": _status,
    "list": _list,
    "requeue": _requeue,
    "prune": _prune,
    "create-tables": _create_tables,
}

"""What happened to messages, told by three who do not know of each other: the client that got
2xx answers, the databases, and the receiver."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id, parse_id

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..load_run import LoadRun  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The three, as sets of message ids. `receptions` counts how often each was received."""

    answered: set[str]
    journal: set[str]
    delivered: set[str]
    receptions: Counter[str]

    @property
    def twice(self) -> set[str]:
        """What was received more than once."""
        return {id_ for id_, times in self.receptions.items() if times > 1}


def in_flight(platform: DevPlatform, app: str) -> set[str]:
    """The messages that are stored and not on record as delivered, at this moment."""
    return unrecorded(platform.database_path("gateway"), platform.database_path("worker"), app)


def unrecorded(gateway: Path, worker: Path, app: str) -> set[str]:
    """The same, by the SQLite files of the two services."""
    delivered = _delivered(worker, app)
    return journal(gateway, app) - delivered


def settled_ledgers(
    platform: DevPlatform, app: str, load: LoadRun, receiver: WebhookReceiver
) -> Ledgers:
    """Wait until all that was answered with 2xx is received, on record as delivered, and every
    batch is settled; then read all three. Raises AssertionError after SETTLE_S for each."""
    answered = load.accepted_ids
    receiver.wait_for_ids(answered, SETTLE_S)
    until(lambda: _open_batches(platform) == 0, SETTLE_S, "every batch is settled")

    # A retry that a killed worker had begun is made again, and recorded, when its lease is over.
    gateway, worker = platform.database_path("gateway"), platform.database_path("worker")
    until(lambda: answered <= _delivered(worker, app), SETTLE_S, "every delivery is on record")
    return Ledgers(
        answered=answered,
        journal=journal(gateway, app),
        delivered=_delivered(worker, app),
        receptions=Counter({entry["id"]: entry["times"] for entry in receiver.entries()}),
    )


def journal(gateway: Path, app: str) -> set[str]:
    """What the gateway's SQLite file has of this application."""
    query = "select id from message where application_id = ?"
    return _ids(gateway, query, (_application_id(app),))


def _delivered(worker: Path, app: str) -> set[str]:
    query = "select distinct message_id from attempt where application_id = ? and status = ?"
    return _ids(worker, query, (_application_id(app), AttemptStatus.SUCCESS.value))


def _application_id(app: str) -> bytes:
    application_id = parse_id(APPLICATION, app.rpartition("/")[2])
    assert application_id is not None, app
    return application_id


def _open_batches(platform: DevPlatform) -> int:
    with closing(_opened(platform.database_path("gateway"))) as database:
        (count,) = database.execute("select count(*) from batch").fetchone()
        return int(count)


def _ids(path: Path, query: str, values: tuple[object, ...]) -> set[str]:
    with closing(_opened(path)) as database:
        return {format_id(MESSAGE, row[0]) for row in database.execute(query, values)}


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)

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

SETTLE_S = 25.0


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The three, as sets of message ids. `receptions` counts how often each was received."""

    answered: set[str]
    journal: set[str]
    delivered: set[str]
    receptions: Counter[str]

    @property
    def duplicates(self) -> int:
        """Receptions beyond the first of each message."""
        return self.receptions.total() - len(self.receptions)


def settled_ledgers(
    platform: DevPlatform, app: str, load: LoadRun, receiver: WebhookReceiver
) -> Ledgers:
    """Wait until all that was answered with 2xx is received, on record as delivered, and every
    batch is settled; then read all three. Raises AssertionError after SETTLE_S for each."""
    answered = load.accepted_ids
    application_id = parse_id(APPLICATION, app.rpartition("/")[2])
    receiver.wait_for_ids(answered, SETTLE_S)
    until(lambda: _open_batches(platform) == 0, SETTLE_S, "every batch is settled")

    def delivered() -> set[str]:
        return _ids(
            platform.database_path("worker"),
            "select distinct message_id from attempt where application_id = ? and status = ?",
            (application_id, AttemptStatus.SUCCESS.value),
        )

    # A retry that a killed worker had begun is made again, and recorded, when its lease is over.
    until(lambda: answered <= delivered(), SETTLE_S, "every delivery is on record")
    return Ledgers(
        answered=answered,
        journal=_ids(
            platform.database_path("gateway"),
            "select id from message where application_id = ?",
            (application_id,),
        ),
        delivered=delivered(),
        receptions=Counter({entry["id"]: entry["times"] for entry in receiver.entries()}),
    )


def _open_batches(platform: DevPlatform) -> int:
    with closing(_opened(platform.database_path("gateway"))) as database:
        (count,) = database.execute("select count(*) from batch").fetchone()
        return int(count)


def _ids(path: Path, query: str, values: tuple[object, ...]) -> set[str]:
    with closing(_opened(path)) as database:
        return {format_id(MESSAGE, row[0]) for row in database.execute(query, values)}


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)

"""A primary Postgres is lost and its streaming standby takes over, with and without the promise
that a commit is on both."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from angarium_cli.engines import PostgresProcess

from ..streaming_standby import (  # noqa: TID252 - tests are no installed package
    STREAMING,
    StreamingStandby,
    make_synchronous,
)
from .link import State
from .stage import Stage
from .trial import Account, Trial

APART_S = 2.0
"""So long before its end, the primary does not reach its standby."""
APART_LONG_S = 45.0
"""Longer than a gateway waits for a commit: what clients ask again meets their first try, which is
committed on the primary only."""
FLOWS_WITHIN_S = 15.0
FLOWS_WITHIN_LONG_S = 60.0
"""All clients that waited ask again at once, and take up the few connections of the gateways."""
STRAYS_WITHIN_S = 150.0
"""A batch that was closed on the lost primary only is open again, and found by the second search
of its gateway (`recovery.STRAY_SEARCH_INTERVAL_S`)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A stage whose Postgres has a standby."""

    stage: Stage
    standby: StreamingStandby

    def take_apart(self) -> None:
        """Let no byte pass between the two servers."""
        self.stage.set_link("standby", State.HALF_OPEN)

    def fail_over(self, trial: Trial) -> set[str]:
        """Kill the primary, promote the standby, lead the services there. Gives the messages that
        were answered with 2xx before."""
        pid = self.stage.postgres.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.standby.promote()
        # Without a server, nothing was accepted meanwhile.
        answered = set(trial.load.answered)
        self.stage.fail_over(self.standby)
        return answered


@contextmanager
def _pair(folder: Path, synchronous_commit: str | None) -> Iterator[Pair]:
    """`synchronous_commit` None is for a standby that no commit waits for."""
    primary = PostgresProcess(folder / "postgres", settings=STREAMING)
    with Stage(folder, postgres=primary) as stage:
        link = stage.open_link("standby", ("127.0.0.1", primary.port))
        standby = StreamingStandby(folder / "standby", primary, port=link.port)
        standby.start()
        try:
            if synchronous_commit is not None:
                make_synchronous(primary, synchronous_commit)
            standby.await_streaming(synchronous=synchronous_commit is not None)
            yield Pair(stage, standby)
        finally:
            for member in stage.keeper.members:
                member.stop()
            standby.stop()


def synchronous(stage: Stage, setting: str = "on", apart_s: float = APART_S) -> Account:
    """On a stage of its own; `stage` lends only its folder's place. Nothing with a 2xx is lost,
    although the servers were apart before the primary's end."""
    folder = stage.folder.parent / f"failover-{setting}-{apart_s:g}"
    name = f"Postgres: fail-over, synchronous_commit {setting}, {apart_s:g} s apart"
    with _pair(folder, setting) as pair, Trial(pair.stage, name) as trial:
        trial.run_for(1)
        with trial.fault():
            pair.take_apart()
            answered_before = len(trial.load.answered)
            trial.run_for(apart_s)
            answered = len(trial.load.answered) - answered_before
            pair.fail_over(trial)
        trial.account.notes.append(f"{answered} answered with 2xx while apart")
        trial.run_on(3)
        trial.await_flow()
        flows_within_s = FLOWS_WITHIN_S if apart_s < APART_LONG_S else FLOWS_WITHIN_LONG_S
        return trial.conclude(flows_within_s=flows_within_s)


def asynchronous(stage: Stage) -> Account:
    """What was committed while the servers were apart is gone with the primary: that is what the
    setting says. All else arrives, and nobody has to repair anything."""
    folder = stage.folder.parent / "failover-asynchronous"
    with (
        _pair(folder, None) as pair,
        Trial(pair.stage, "Postgres: fail-over, asynchronous, 2 s apart") as trial,
    ):
        trial.run_for(1)
        with trial.fault():
            pair.take_apart()
            trial.run_for(APART_S)
            before = pair.fail_over(trial)
        trial.gone_with_the_server = before - trial.databases.books(trial.app).journal
        gone = len(trial.gone_with_the_server)
        # Deliveries whose record went too are made again.
        trial.account.in_flight += int(trial.stage.rate * APART_S)
        trial.account.notes.append(f"{gone} messages with a 2xx went with the primary")
        trial.run_on(3)
        trial.await_flow()
        return trial.conclude(settle_s=STRAYS_WITHIN_S, flows_within_s=FLOWS_WITHIN_S)

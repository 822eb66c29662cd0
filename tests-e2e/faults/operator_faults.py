"""What an operator of `angarium dev` does and suffers: kill -9, and a backup restored."""

import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..load_run import LoadRun  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .stage import Stage
from .three_ledgers import Ledgers, journal, settled_ledgers, unrecorded
from .trial import Account

RATE = 100.0
SECONDS = 5.0
BACKUP_ORDER = ("gateway", "worker", "dispatcher")
"""The journal first: what a later copy knows beyond it does no harm, what it lacks is delivered."""


def _platform(folder: Path) -> DevPlatform:
    return DevPlatform(
        folder,
        ANGARIUM_ENTRY_LEASE_S="2",
        ANGARIUM_ATTEMPT_TIMEOUT_S="2",
        ANGARIUM_RETRY_LEASE_S="7",
    )


def killed_and_started(stage: Stage) -> Account:
    """`angarium dev` and all its processes are killed with -9, and it is started again."""
    account = Account("angarium dev: kill -9, started again")
    folder = stage.folder.parent / "operator-killed"
    with _platform(folder) as platform, WebhookReceiver() as receiver:
        app = _application(platform, receiver)
        with LoadRun(platform.url, platform.key, app, folder, rate=RATE, seconds=SECONDS) as load:
            assert receiver.wait_for(int(RATE))
            gateway, worker = map(platform.database_path, ("gateway", "worker"))
            _kill(platform)
            in_hand = unrecorded(gateway, worker, app)
            load.finish()
        platform.start()
        _count(account, settled_ledgers(platform, app, load, receiver), in_hand)
    return account


def restored_from_backup(stage: Stage) -> Account:
    """The data folder is backed up under load, the machine is lost, the backup is restored."""
    account = Account("angarium dev: restored from a backup taken while running")
    folder = stage.folder.parent / "operator-backup"
    copy = folder / "restored"
    with WebhookReceiver() as receiver:
        with _platform(folder / "lost") as platform:
            app = _application(platform, receiver)
            with LoadRun(
                platform.url, platform.key, app, folder, rate=RATE, seconds=SECONDS
            ) as load:
                assert receiver.wait_for(int(RATE))
                before = journal(platform.database_path("gateway"), app)
                gateway, worker, _ = back_up(platform, copy / "data")
                load.finish()
            _kill(platform)
        in_hand = unrecorded(gateway, worker, app)
        with _platform(copy) as platform:
            load.accepted = [one for one in load.accepted if one["id"] in before]
            ledgers = settled_ledgers(platform, app, load, receiver)
            account.notes.append(f"{len(before)} were in the journal when the backup began")
            _count(account, ledgers, in_hand, before)
    return account


def back_up(platform: DevPlatform, target: Path) -> list[Path]:
    """A copy to start from: the three databases by SQLite's online backup, in BACKUP_ORDER, and
    the small files beside them. Redis's files are not needed. Gives the copies, in that order."""
    data = platform.data_dir
    target.mkdir(mode=0o700, parents=True)
    for name in ("version", "encryption-key", "api-key"):
        shutil.copy2(data / name, target / name)
    copies = []
    for service in BACKUP_ORDER:
        source = platform.database_path(service)
        copy = target / source.relative_to(data)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as live,
            closing(sqlite3.connect(copy)) as kept,
        ):
            live.backup(kept)
        copies.append(copy)
    return copies


def _kill(platform: DevPlatform) -> None:
    """Everything at once; the supervisor first, or it would start the others again."""
    family = platform.family()
    platform.process.kill()
    platform.process.wait(10)
    for process in family:
        if process.is_running():
            process.send_signal(signal.SIGKILL)
    # Else the next start would be taken for ready at once: the dead one could not take it away.
    platform.state_path.unlink(missing_ok=True)


def _application(platform: DevPlatform, receiver: WebhookReceiver) -> str:
    with platform.client() as api:
        app = f"/app/{api.post('/app', json={'name': 'Load'}).json()['id']}"
        created = api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"})
        assert created.status_code == 201, created.text
    return app


def _count(
    account: Account, ledgers: Ledgers, in_hand: set[str], wanted: set[str] | None = None
) -> None:
    answered = ledgers.answered
    account.accepted = len(answered)
    account.duplicated = len(ledgers.twice)
    account.in_flight = len(in_hand)
    account.lost = len((answered | (wanted or set())) - set(ledgers.receptions))
    account.expect(answered <= ledgers.journal, "answered messages are not in the journal")
    account.expect(answered <= ledgers.delivered, "answered messages have no success on record")
    account.expect(not account.lost, f"{account.lost} messages were not received")
    beyond = len(ledgers.twice - in_hand)
    account.expect(not beyond, f"{beyond} came twice that were not in flight")
    if wanted is not None:
        missing = wanted - ledgers.journal
        account.expect(not missing, f"{len(missing)} messages of before the backup are gone")

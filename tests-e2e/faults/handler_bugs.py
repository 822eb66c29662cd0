"""Handlers that raise at everything they are given: in one replica of a service, and in all."""

import json
import time
from contextlib import suppress
from typing import Any

from angarium_contracts.ids import lowest_id_at
from angarium_contracts.stream_names import quarantine

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .member import Member
from .stage import Stage
from .trial import SETTLE_S, Account, Trial

TRIES_MAX = 5
SET_ASIDE_WITHIN_S = 240.0
"""A batch is published six times before; its entry fails five times each, a lease apart."""
RATE = 5.0
"""All of it is tried thirty times, and entries that were given back are taken one by one."""
_LOOK_EVERY_S = 1.0


def in_one_replica(stage: Stage, service: str) -> Account:
    """A replica's handler raises each time; the entry goes to the other, or to quarantine."""
    member = stage.of(service)[-1]
    with Trial(stage, f"Handler bug in one {service} (injected)") as trial:
        member.stop()
        with trial.fault():
            member.start(FAULT_STEPS="read.before:20+=raise")
            trial.run_for(12)
            member.stop()
            member.start()
        stage.await_ready()
        account = trial.conclude(flows_within_s=15)
        with stage.redis() as client:
            kept = int(client.xlen(quarantine(service)))
        account.notes.append(f"{kept} entries in quarantine")
        return account


def everywhere(stage: Stage, service: str) -> Account:
    """The handler of all replicas raises each time, for so long that batches are set aside. Then
    the bug is taken out, and an operator puts everything back."""
    members = stage.of(service)
    with stage.redis() as client:
        client.delete(quarantine(service))
    with Trial(stage, f"Handler bug in every {service} (injected)", rate=RATE) as trial:
        account = trial.account
        with trial.fault():
            _restart(members, FAULT_STEPS="read.before:1+=raise")
            _await_set_aside(trial)
            _expect_entries(trial, service)
            _restart(members)
        stage.await_ready()
        healed = _await_others(trial)
        aside = len(_listing(stage)["batches"])
        replayed = run_angarium(["quarantine", "replay", "--all"], **stage.settings)
        said = f"{replayed.stdout[:200]}{replayed.stderr[:200]}"
        account.expect(said.startswith(f"{aside} batch"), f"{aside} were set aside; replay: {said}")
        account.expect(replayed.returncode == 0, f"replay: {said}")
        account.notes.append(
            f"{aside} batches were set aside, and needed `quarantine replay --all`; {healed} others"
            " were open when the bug was taken out, and came again by themselves"
        )
        trial.run_for(2)
        account = trial.conclude(flows_within_s=15, human_actions=1)
        left = _listing(stage)
        account.expect(not left["batches"], f"{len(left['batches'])} batches are set aside still")
        account.expect(not account.duplicated, f"{account.duplicated} webhooks came twice")
        return account


def _restart(members: list[Member], **extra: str) -> None:
    for member in members:
        member.stop()
    for member in members:
        member.start(**extra)


def _await_set_aside(trial: Trial) -> None:
    """Wait until the gateway has given a batch up."""
    began_s = time.monotonic()
    query = "select count(*) from batch where owner = 'set-aside'"
    while not trial.databases.rows("gateway", query)[0][0]:
        waited_s = time.monotonic() - began_s
        if waited_s > SET_ASIDE_WITHIN_S * trial.stage.patience:
            trial.account.expect(False, f"no batch was set aside within {waited_s:.0f} s")
            return
        trial.run_for(_LOOK_EVERY_S)
    trial.account.notes.append(f"the first was set aside after {time.monotonic() - began_s:.0f} s")


def _await_others(trial: Trial) -> int:
    """Wait until what is open and not set aside is settled, or given up after all: nobody puts it
    back. How many batches were settled."""
    bound = lowest_id_at(time.time_ns() // 1_000_000)
    of_now = "select count(*) from batch where id < $1"

    def open_batches(further: str) -> int:
        return int(trial.databases.rows("gateway", of_now + further, bound)[0][0])

    def left() -> int:
        return open_batches(" and owner <> 'set-aside'")

    found = open_batches("")
    with suppress(AssertionError):
        until(lambda: not left(), SETTLE_S * trial.stage.patience, "the others are settled")
    trial.account.expect(not left(), f"{left()} batches that are not set aside are open still")
    return found - open_batches("")


def _expect_entries(trial: Trial, service: str) -> None:
    """A quarantined entry says how often it was tried, and has its bytes: it names messages that
    were accepted."""
    account, settings = trial.account, trial.stage.settings
    listed = [
        each for each in _listing(trial.stage)["entries"] if each["id"].startswith(f"{service}/")
    ]
    reasons = {each["reason"] for each in listed}
    account.notes.append(f"{len(listed)} entries in quarantine: {sorted(reasons)}")
    account.expect(
        reasons == {f"failed {TRIES_MAX} times"}, f"entries were quarantined as {sorted(reasons)}"
    )
    empty = sum(not each["size_bytes"] for each in listed)
    account.expect(not empty, f"{empty} entries were quarantined without their bytes")
    if listed:
        # The newest: the quarantine is bounded, and the oldest go.
        shown = run_angarium(["quarantine", "show", listed[-1]["id"], "--bytes"], **settings)
        known = trial.load.answered
        account.expect(
            any(word.rstrip(":") in known for word in shown.stdout.split()),
            f"an entry does not show its messages: {shown.stdout[:200]}{shown.stderr[:200]}",
        )


def _listing(stage: Stage) -> dict[str, Any]:
    listed = run_angarium(["quarantine", "list", "--json"], **stage.settings)
    assert listed.returncode == 0, listed.stderr
    found: dict[str, Any] = json.loads(listed.stdout)
    return found

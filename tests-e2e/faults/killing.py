"""Processes killed at random moments and at every named step, and frozen longer than a lease."""

import signal
import time
from functools import partial
from random import Random

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .faulty_service import STEPS
from .member import Member
from .stage import Stage
from .trial import Account, Trial

DIES_WITHIN_S = 30.0
FROZEN_S = 9.0
"""Longer than any lease on the stage: entries 2 s, gateways 7 s, retries 7 s."""


def killed_at_random(stage: Stage, random: Random, service: str, *, kills: int = 3) -> Account:
    """A replica of a service is killed, again and again; the other goes on."""
    with Trial(stage, f"SIGKILL of a {service}, {kills} times") as trial:
        moments = []
        for _ in range(kills):
            pause_s = random.uniform(0.2, 2.0)
            member = random.choice(stage.of(service))
            moments.append(f"{member.name}+{pause_s:.2f}s")
            trial.run_for(pause_s)
            until(partial(_alive, member), DIES_WITHIN_S, f"{member.name} runs")
            trial.blow()
            member.signal(signal.SIGKILL)
        trial.account.notes.append(" ".join(moments))
        trial.run_on(3)
        stage.await_ready()
        return trial.conclude()


def killed_alone(stage: Stage, random: Random, service: str) -> Account:
    """The only process of a service is killed, and started again."""
    staying, leaving = stage.of(service)
    leaving.stop()
    try:
        with Trial(stage, f"SIGKILL of the only {service}") as trial:
            trial.run_for(random.uniform(0.2, 1.0))
            trial.blow()
            staying.signal(signal.SIGKILL)
            trial.run_for(4)
            trial.await_flow()
            return trial.conclude(flows_within_s=15)
    finally:
        leaving.start()
        stage.await_ready()


def killed_at_steps(stage: Stage, random: Random, service: str) -> Account:
    """A replica kills itself at a named step, is started again and does so at the next."""
    member = stage.of(service)[-1]
    # Retries, too: else nothing is ever leased.
    path = "/flaky/6" if service == "worker" else "/ok"
    with Trial(
        stage, f"{service} killed at each of {len(STEPS[service])} steps", path=path
    ) as trial:
        member.stop()
        for step in STEPS[service]:
            passed = random.randint(1, 8)
            member.start(FAULT_STEPS=f"{step}:{passed}=kill")
            trial.account.expect(_dies(trial, member), f"{step} was not passed")
            member.stop()
            trial.account.notes.append(f"{step} at time {passed}")
        member.start()
        stage.await_ready()
        trial.run_for(1)
        account = trial.conclude()
        account.notes = ["; ".join(account.notes)]
        return account


def _alive(member: Member) -> bool:
    return member.alive


def _dies(trial: Trial, member: Member) -> bool:
    """Wait for it. What is in flight at the death is looked at until then, and counted once."""
    member.rests = True
    counted = trial.account.in_flight
    deadline_s = time.monotonic() + DIES_WITHIN_S
    while member.alive and time.monotonic() < deadline_s:
        trial.account.in_flight = counted
        trial.blow()
        time.sleep(0.05)
    return not member.alive


def frozen(stage: Stage, service: str) -> Account:
    """A replica stops for longer than any lease and then goes on: what it held is no longer its."""
    member = stage.of(service)[0]
    path = "/flaky/6" if service == "worker" else "/ok"
    with Trial(stage, f"SIGSTOP of a {service} for {FROZEN_S:g} s", path=path) as trial:
        trial.run_for(1)
        with trial.fault():
            member.signal(signal.SIGSTOP)
            trial.run_for(FROZEN_S)
            member.signal(signal.SIGCONT)
        trial.run_for(2)
        stage.await_ready()
        account = trial.conclude()
        books = trial.databases.books(trial.app)
        double = [
            numbers for numbers in books.numbers.values() if len(numbers) != len(set(numbers))
        ]
        account.expect(not double, f"{len(double)} deliveries have an attempt number twice")
        return account

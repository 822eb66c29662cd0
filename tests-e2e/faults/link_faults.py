"""Links between the parts cut, half open or slow, one by one."""

import time

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .link import State
from .stage import Stage
from .trial import Account, Trial

UNREADY_WITHIN_S = 10.0
READY_WITHIN_S = 15.0
CUT_S = 6.0
WORKS_WITHOUT = ("gateway", "redis")


def engine_link(stage: Stage, service: str, engine: str, state: State) -> Account:
    """A service loses an engine, in all its processes. It says so, and says when it is back; a
    gateway without Redis goes on accepting, and stays ready."""
    how = state.name.lower().replace("_", " ")
    link = f"{service}-{engine}"
    with Trial(stage, f"Link {service} to {engine}: {how}") as trial:
        account = trial.account
        with trial.fault():
            stage.set_link(link, state)
            began_s = time.monotonic()
            try:
                if (service, engine) != WORKS_WITHOUT:
                    _await_readiness(stage, service, account, ready=False)
                else:
                    trial.run_for(UNREADY_WITHIN_S)
                    still = all(stage.ready(member) for member in stage.of(service))
                    account.expect(still, f"{service} does not stay ready")
                trial.run_for(max(0.0, CUT_S - (time.monotonic() - began_s)))
            finally:
                stage.set_link(link, State.OPEN)
        _await_readiness(stage, service, account, ready=True)
        trial.await_flow()
        trial.conclude(flows_within_s=15)
        if (service, engine) == WORKS_WITHOUT:
            account.expect(not account.refused, f"{account.refused} posts were refused")
        return account


def slow_link(stage: Stage, service: str, engine: str, *, delay_s: float = 0.3) -> Account:
    """Everything that a service tells an engine takes longer."""
    link = f"{service}-{engine}"
    with Trial(stage, f"Link {service} to {engine}: {delay_s:g} s slower") as trial:
        with trial.fault():
            stage.set_link(link, State.OPEN, delay_s=delay_s)
            trial.run_for(CUT_S)
            stage.set_link(link, State.OPEN)
        trial.run_for(2)
        return trial.conclude()


def receiver_link(stage: Stage, state: State, *, delay_s: float = 0.0) -> Account:
    """Workers do not reach their receivers: attempts fail, and are made again."""
    how = state.name.lower().replace("_", " ") if not delay_s else f"{delay_s:g} s slower"
    with Trial(stage, f"Link worker to receivers: {how}") as trial:
        (name,) = (
            name
            for name in stage.links
            if name.endswith(f"-{trial.receiver.url.rpartition(':')[2]}")
        )
        with trial.fault():
            stage.set_link(name, state, delay_s=delay_s)
            trial.run_for(CUT_S)
            stage.set_link(name, State.OPEN)
        trial.run_for(2)
        account = trial.conclude(flows_within_s=30)
        account.expect(not account.refused, "posts were refused")
        return account


def _await_readiness(stage: Stage, service: str, account: Account, *, ready: bool) -> None:
    began_s = time.monotonic()
    within_s = (READY_WITHIN_S if ready else UNREADY_WITHIN_S) * stage.patience
    word = "ready" if ready else "not ready"
    try:
        until(
            lambda: all(stage.ready(member) is ready for member in stage.of(service)),
            within_s,
            f"{service} is {word}",
        )
    except AssertionError as error:
        account.problems.append(str(error))
        return
    account.notes.append(f"{word} after {time.monotonic() - began_s:.1f} s")

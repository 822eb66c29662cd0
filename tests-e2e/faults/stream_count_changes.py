"""`ANGARIUM_STREAM_COUNT` is changed up and down, process after process in a random order."""

import math
from collections.abc import Sequence
from random import Random
from signal import SIGKILL

from angarium_contracts.ids import APPLICATION, parse_id
from angarium_contracts.stream_names import (
    deliveries_requested,
    messages_accepted,
    stream_number,
)

from .member import Member
from .stage import SERVICES, Stage
from .trial import Account, Trial

COUNTS = range(2, 9)
ORDERED_RATE = 10.0


def changed(stage: Stage, random: Random) -> Account:
    """Up, then down in the worst order: the readers first, and a gateway dies with open batches of
    the number that nobody has any more."""
    with Trial(stage, "ANGARIUM_STREAM_COUNT up, and down with a kill") as trial:
        count, number = _count_for(trial)
        trial.account.notes.append(f"1, {count}, 1; stream {number}")
        trial.run_for(1)
        with trial.fault():
            _restart(stage, _shuffled(stage, random), count)
        trial.run_for(2)
        dying, staying = random.sample(stage.of("gateway"), 2)
        readers = [member for member in _shuffled(stage, random) if member.service != "gateway"]
        with trial.fault():
            for member in readers:
                member.stop()
            trial.run_for(1)
            left = _entries(stage, number)
            trial.account.expect(left > 0, f"nothing was left in stream {number}")
            # Its keeper starts it again, with the former count.
            dying.signal(SIGKILL)
            _restart(stage, [staying, *readers], 1)
        trial.run_on(3)
        account = trial.conclude()
        left = _entries(stage, number)
        account.expect(left == 0, f"{left} entries are left in stream {number}")
        return account


def changed_beside_order(stage: Stage, random: Random) -> Account:
    """Up and down, for an ordered endpoint: whoever waited for a 202 is not overtaken."""
    name = "ANGARIUM_STREAM_COUNT up and down, ordered endpoint"
    with Trial(stage, name, rate=ORDERED_RATE) as trial:
        count, number = _count_for(trial)
        trial.account.notes.append(f"1, {count}, 1; stream {number}")
        with stage.api() as api:
            (endpoint,) = api.get(f"{trial.app}/endpoint").raise_for_status().json()["data"]
            path = f"{trial.app}/endpoint/{endpoint['id']}"
            api.patch(path, json={"ordering": "fifo"}).raise_for_status()
        trial.run_for(1)
        for target in (count, 1):
            with trial.fault():
                _restart(stage, _shuffled(stage, random), target)
            trial.run_for(2)
        # An ordered endpoint gets one message at a time: on a busy machine, that is no flow.
        account = trial.conclude(flows_within_s=math.inf)
        account.expect(not account.duplicated, f"{account.duplicated} webhooks came twice")
        overtaken = _overtaken(trial)
        account.expect(not overtaken, f"{overtaken} messages were overtaken")
        return account


def _count_for(trial: Trial) -> tuple[int, int]:
    """The number of streams with which the application takes the highest, and that."""
    application = parse_id(APPLICATION, trial.app.rpartition("/")[2])
    assert application is not None
    number, count = max((stream_number(application, count), count) for count in COUNTS)
    assert number > 0, "the application takes stream 0 with every count"
    return count, number


def _shuffled(stage: Stage, random: Random) -> list[Member]:
    members = [member for service in SERVICES for member in stage.of(service)]
    random.shuffle(members)
    return members


def _restart(stage: Stage, members: Sequence[Member], count: int) -> None:
    for member in members:
        member.stop()
        member.start(ANGARIUM_STREAM_COUNT=str(count))
        stage.await_ready()


def _entries(stage: Stage, number: int) -> int:
    with stage.redis() as client:
        names = messages_accepted(number), deliveries_requested(number)
        return sum(int(str(client.xlen(name))) for name in names)


def _overtaken(trial: Trial) -> int:
    """Messages that were answered before another was posted, and that arrived after it. Those of
    the time before the endpoint was ordered are left out."""
    posts = trial.load.answered
    entries = sorted(trial.receiver.entries(), key=lambda entry: entry["first_ns"])
    ordered = [posts[entry["id"]] for entry in entries if entry["id"] in posts]
    ordered = [post for post in ordered if post.began_ns > trial.began_ns]
    overtaken, newest_began_ns = 0, 0
    for post in ordered:
        overtaken += post.answered_ns < newest_began_ns
        newest_began_ns = max(newest_began_ns, post.began_ns)
    return overtaken

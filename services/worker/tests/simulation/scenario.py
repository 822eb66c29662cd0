"""What happens in the run of one seed: who posts what, how endpoints behave, what goes wrong."""

from dataclasses import dataclass, field
from random import Random

from angarium_contracts.directory import EndpointState

from .messages import Message
from .surroundings import SECRET, Endpoint
from .worker_parts import WorkerOptions

TROUBLE_ENDS_S = 14.0
BURSTS = 0.1
"""How likely a burst of so many messages is."""
BURST = 25
FAULTS = (
    "kill",
    "kill",
    "freeze",
    "freeze",
    "stop",
    "storage away",
    "storage flaky",
    "stream away",
    "entries lost",
    "directory away",
    "gateway away",
    "no connections",
)
CHANGES = (
    "url",
    "disable",
    "disable and enable",
    "delete",
    "options",
    "cancel",
    "cancel all",
    "resend",
    "resend",
    "resend missing",
)
_SICK = ("slow", "hang", "refuse", "500", "503", "429", "flaky", "flaky")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at a time: a fault, a change, something by hand."""

    at_s: float
    kind: str
    lasts_s: float = 0.0
    worker: int = 0
    target: int = 0


@dataclass(slots=True)
class Scenario:
    """Drawn from a seed. Every fourth seed is without faults."""

    seed: int
    faultless: bool
    workers: int
    options: WorkerOptions
    endpoints: list[Endpoint]
    posts: list[tuple[float, list[Message]]]
    events: list[Event] = field(default_factory=list)
    spread_s: float = 0.02
    slow_storage: float = 0.0

    @property
    def ends_s(self) -> float:
        """When nothing more happens from outside, and what was wrong is well again."""
        ends = [min(event.at_s + event.lasts_s, TROUBLE_ENDS_S) for event in self.events]
        return max(self.posts[-1][0], *ends) if ends else self.posts[-1][0]

    @property
    def roomy(self) -> bool:
        """True if a worker can hold and send everything at once."""
        messages = [each for _, posted in self.posts for each in posted]
        deliveries = sum(len(each.endpoints) for each in messages)
        payload_bytes = sum(len(each.endpoints) * len(each.payload) for each in messages)
        return self.options.sending_max >= deliveries and self.options.bytes_max >= payload_bytes


def draw(seed: int) -> Scenario:
    """The scenario of this seed."""
    random = Random(seed)
    faultless = seed % 4 == 0
    applications = [
        (_id(1, tenant), _id(2, number), random.choice((1, 1, 3)))
        for number, tenant in enumerate(random.choices((1, 2), k=random.randint(1, 3)))
    ]
    endpoints = [_endpoint(random, number, applications) for number in range(random.randint(1, 5))]
    lasts_s = random.choice((1.0, 3.0, 8.0))
    workers = random.choice((1, 2, 2, 3))
    scenario = Scenario(
        seed,
        faultless,
        workers,
        WorkerOptions(
            sending_max=random.choice((2, 4, 20, 100)),
            bytes_max=random.choice((2_000, 1 << 20)),
            delays_s=_delays(random),
            grace_s=random.choice((0.2, 3.0)),
            disable_after_s=random.choice((0.0, 0.0, 6.0)),
            workers=workers,
        ),
        endpoints,
        _posts(random, lasts_s, applications, endpoints),
        spread_s=random.choice((0.0, 0.02, 0.3)),
    )
    scenario.events = _changes(random, lasts_s, len(endpoints))
    if not faultless:
        scenario.slow_storage = random.choice((0.0, 0.02))
        scenario.events += _faults(random, lasts_s, scenario.workers)
    return scenario


def _id(kind: int, number: int) -> bytes:
    return bytes([kind]) * 12 + number.to_bytes(4)


def _delays(random: Random) -> tuple[float, ...]:
    return tuple(random.choice((0.1, 0.3, 1.0, 3.0)) for _ in range(random.randint(0, 3)))


def _endpoint(
    random: Random, number: int, applications: list[tuple[bytes, bytes, int]]
) -> Endpoint:
    tenant_id, application_id, _ = random.choice(applications)
    kind = random.choice(("free", "free", "free", "fifo", "fifo", "rate", "concurrency", "both"))
    state = EndpointState(
        id=_id(3, number),
        tenant_id=tenant_id,
        application_id=application_id,
        version=0,
        url=f"https://e{number}.example/hook",
        secrets=(SECRET,),
        fifo=kind in ("fifo", "both"),
        throttle_rate=random.choice((1, 3, 20, 50)) if kind in ("rate", "both") else None,
        concurrency_max=random.randint(1, 3) if kind == "concurrency" else None,
        retry_delays_s=random.choice((None, None, _delays(random))),
        timeout_s=random.choice((None, None, 1.0)),
    )
    behaviours: list[tuple[float, str]] = []
    if random.random() < 0.6:
        at_s = random.uniform(0.0, 3.0)
        behaviours = [(at_s, "ok")]
        for _ in range(random.randint(1, 2)):
            at_s += random.uniform(0.5, 6.0)
            behaviours.append((at_s, random.choice(_SICK)))
        if random.random() < 0.1:
            behaviours.append((at_s + 1.0, random.choice(("410", "400", "abort", "disable"))))
    return Endpoint(number, state, behaviours)


def _posts(
    random: Random,
    lasts_s: float,
    applications: list[tuple[bytes, bytes, int]],
    endpoints: list[Endpoint],
) -> list[tuple[float, list[Message]]]:
    posts = []
    if random.random() < BURSTS:
        burst = [_message(random, applications[0], endpoints) for _ in range(BURST)]
        posts.append((random.uniform(0.0, lasts_s), burst))
    for _ in range(random.randint(2, 12)):
        at_s = random.uniform(0.0, lasts_s)
        messages = [
            _message(random, random.choice(applications), endpoints)
            for _ in range(random.choice((1, 1, 1, 2, 4)))
        ]
        posts.append((at_s, messages))
    return sorted(posts, key=lambda post: post[0])


def _message(
    random: Random, application: tuple[bytes, bytes, int], endpoints: list[Endpoint]
) -> Message:
    tenant_id, application_id, weight = application
    wanted = [
        each
        for each in endpoints
        if each.state.application_id == application_id and random.random() < 0.9
    ]
    return Message(
        b"",
        tenant_id,
        application_id,
        weight,
        b"{}" + b" " * random.choice((10, 100, 1_000)),
        random.choice((None, None, _delays(random))),
        wanted,
        0.0,
    )


def _changes(random: Random, lasts_s: float, endpoints: int) -> list[Event]:
    return [
        Event(
            random.uniform(0.0, lasts_s + 2.0),
            random.choice(CHANGES),
            random.uniform(0.01, 4.0),
            target=random.randrange(endpoints),
        )
        for _ in range(random.choice((0, 0, 1, 2, 4)))
    ]


def _faults(random: Random, lasts_s: float, workers: int) -> list[Event]:
    kinds = random.sample(FAULTS, k=random.randint(1, 4))
    return [
        _fault(random, random.choice(kinds), lasts_s, workers) for _ in range(random.randint(1, 6))
    ]


def _fault(random: Random, kind: str, lasts_s: float, workers: int) -> Event:
    # Half of the freezes outlast a lease.
    long_s = random.uniform(7.5, 12.0) if kind == "freeze" else random.uniform(1.0, 14.0)
    return Event(
        random.uniform(0.0, lasts_s + 2.0),
        kind,
        random.choice((random.uniform(0.01, 1.0), long_s)),
        worker=random.randrange(workers),
        target=random.randrange(2),
    )

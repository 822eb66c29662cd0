"""A world of ten thousand endpoints: who is posted what, and which of them have trouble."""

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from angarium_contracts.directory import EndpointState

from .messages import Message
from .surroundings import SECRET, Endpoint
from .worker_parts import WorkerOptions

DELAYS_S = (2.0, 5.0, 10.0, 20.0, *[30.0] * 20)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the world is. `rate` messages a second are posted, each to one endpoint; beside
    them, while the flood lasts, `flood_rate` of one tenant to endpoints that take a second."""

    endpoints: int = 10_000
    workers: int = 100
    rate: float = 600.0
    flood_rate: float = 600.0
    sending_max: int = 4
    tenants: int = 20
    down_share: float = 0.2
    steady_s: float = 40.0
    down_s: float = 60.0
    half_s: float = 10.0
    after_s: float = 60.0
    told_workers: int | None = None
    """How many workers each of them is told to run; None: as many as do."""

    @property
    def down_at_s(self) -> float:
        return self.steady_s

    @property
    def half_at_s(self) -> float:
        return self.steady_s + self.down_s

    @property
    def up_at_s(self) -> float:
        return self.half_at_s + self.half_s

    @property
    def ends_s(self) -> float:
        """When the last message is posted."""
        return self.up_at_s + self.after_s

    @property
    def options(self) -> WorkerOptions:
        return WorkerOptions(
            sending_max=self.sending_max,
            delays_s=DELAYS_S,
            workers=self.told_workers or self.workers,
        )


class Population:
    """The endpoints: each has an application, each application one of the tenants. The first is
    posted most, the n-th about n^0.7 times less. Every `1 / down_share`-th goes down; those of
    the flood come after all others and are slow all the time."""

    def __init__(self, size: Size, seed: int) -> None:
        self._size = size
        self._random = Random(f"population {seed}")
        self.usual = [self._endpoint(number, number % size.tenants) for number in self._numbers()]
        self.flooded = [
            self._endpoint(size.endpoints + number, size.tenants, slow=True)
            for number in range(max(1, size.endpoints // 100))
        ]
        weights = [(number + 1) ** -0.7 for number in range(size.endpoints)]
        self._weights = list(accumulate(weights))

    def _numbers(self) -> range:
        return range(self._size.endpoints)

    def goes_down(self, endpoint: Endpoint) -> bool:
        every = round(1 / self._size.down_share)
        return endpoint.number < self._size.endpoints and endpoint.number % every == every - 1

    def _endpoint(self, number: int, tenant: int, *, slow: bool = False) -> Endpoint:
        size = self._size
        endpoint = Endpoint(
            number,
            EndpointState(
                id=_id(3, number),
                tenant_id=_id(1, tenant),
                application_id=_id(2, number),
                version=0,
                url=f"https://e{number}.example/hook",
                secrets=(SECRET,),
            ),
            [(1e9, "slow")] if slow else [],
        )
        if self.goes_down(endpoint):
            kind = ("refuse", "503")[number // 5 % 2]
            endpoint.behaviours = [
                (size.down_at_s, "ok"),
                (size.half_at_s, kind),
                (size.up_at_s, "flaky"),
            ]
        return endpoint

    def usual_messages(self, count: int) -> list[Message]:
        """Messages for endpoints by chance, busy ones more often."""
        points = [self._random.random() * self._weights[-1] for _ in range(count)]
        return [_message(self.usual[bisect(self._weights, point)]) for point in points]

    def flood_messages(self, count: int) -> list[Message]:
        """Messages of the tenant that floods."""
        return [_message(each) for each in self._random.choices(self.flooded, k=count)]


def _id(kind: int, number: int) -> bytes:
    return bytes([kind]) * 12 + number.to_bytes(4)


def _message(endpoint: Endpoint) -> Message:
    state = endpoint.state
    return Message(
        b"", state.tenant_id, state.application_id, 1, b"{}" + b" " * 200, None, [endpoint], 0.0
    )

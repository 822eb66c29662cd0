"""Fair shares when there is not enough for all: tenants equally, and of a tenant's share its
applications by their weight (weighted max-min fairness)."""

from collections.abc import Hashable, Iterable, Sequence
from math import gcd
from typing import Final, NamedTuple

_GOLDEN: Final = 0.6180339887


class Demand(NamedTuple):
    """Something of an application, such as a lane, wants `wanted` of what there is.

    Several of one application share what it gets equally. `weight` is at least 1.
    """

    tenant_id: bytes
    application_id: bytes
    weight: int
    wanted: int


def allocate(capacity: int, demands: Sequence[Demand], turn: int = 0) -> list[int]:
    """The share of each demand, in their order: together `capacity`, or all that is wanted if that
    is less. Nobody gets more than it wants; what it leaves goes to the others.

    Shares are whole numbers. What is left over by that goes to some of them: over consecutive
    values of `turn`, to each as often as its exact share says.
    """
    shares = [0] * len(demands)
    everybody = range(len(demands))
    tenants = _grouped(everybody, [demand.tenant_id for demand in demands])
    of_tenants, turn = _fill(max(0, capacity), [1] * len(tenants), _wanted(tenants, demands), turn)
    for tenant_share, tenant in zip(of_tenants, tenants, strict=True):
        applications = _grouped(tenant, [demands[i].application_id for i in tenant])
        weights = [max(1, *(demands[i].weight for i in members)) for members in applications]
        of_applications, inner_turn = _fill(
            tenant_share, weights, _wanted(applications, demands), turn
        )
        for share, members in zip(of_applications, applications, strict=True):
            wanted = [demands[i].wanted for i in members]
            of_members, _ = _fill(share, [1] * len(members), wanted, inner_turn)
            for i, part in zip(members, of_members, strict=True):
                shares[i] = part
    return shares


def _grouped(members: Iterable[int], keys: Sequence[Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for member, key in zip(members, keys, strict=True):
        groups.setdefault(key, []).append(member)
    return list(groups.values())


def _wanted(groups: Sequence[Sequence[int]], demands: Sequence[Demand]) -> list[int]:
    return [sum(demands[i].wanted for i in members) for members in groups]


def _fill(
    capacity: int, weights: Sequence[int], wanted: Sequence[int], turn: int
) -> tuple[list[int], int]:
    """Water-filling in whole numbers: the shares, and the turn for the level below, which moves
    on when everybody here has had each place once."""
    shares = [0] * len(weights)
    by_thirst = sorted(range(len(weights)), key=lambda i: wanted[i] / weights[i])
    weight_left = sum(weights)
    for place, i in enumerate(by_thirst):
        if wanted[i] * weight_left > capacity * weights[i]:
            contenders = sorted(by_thirst[place:])
            _divide(capacity, weight_left, contenders, weights, shares, turn)
            return shares, turn // weight_left
        shares[i] = wanted[i]
        capacity -= wanted[i]
        weight_left -= weights[i]
    return shares, turn


def _divide(
    capacity: int,
    weight_total: int,
    contenders: Sequence[int],
    weights: Sequence[int],
    shares: list[int],
    turn: int,
) -> None:
    """Give each contender its exact share, rounded down or up: systematic sampling, from a
    starting point that visits every place once in `weight_total` turns, neighbours far apart."""
    point = turn * _stride(weight_total) % weight_total
    passed = 0
    for i in contenders:
        whole, fraction = divmod(capacity * weights[i], weight_total)
        # Points lie at `point` + multiples of the total; at most one is in this fraction.
        before = (passed - point - 1) // weight_total
        passed += fraction
        shares[i] = whole + (passed - point - 1) // weight_total - before


def _stride(total: int) -> int:
    stride = max(1, int(total * _GOLDEN))
    while gcd(stride, total) != 1:
        stride += 1
    return stride


class _TenantSlots:
    __slots__ = ("applications", "weight_total")

    def __init__(self) -> None:
        # [slots in use, weight] by application
        self.applications: dict[bytes, list[int]] = {}
        self.weight_total = 0


class SlotShares:
    """Counts the slots in use by tenant and application, and tells who uses a fair share of
    `slots_max`. Every method takes constant time; who uses nothing is forgotten."""

    __slots__ = ("_slots_max", "_tenants")

    def __init__(self, slots_max: int) -> None:
        self._slots_max = slots_max
        self._tenants: dict[bytes, _TenantSlots] = {}

    def took(self, tenant_id: bytes, application_id: bytes, weight: int) -> None:
        """The application uses one more slot; its latest `weight` counts."""
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            tenant = self._tenants[tenant_id] = _TenantSlots()
        used = tenant.applications.get(application_id)
        if used is None:
            tenant.applications[application_id] = [1, weight]
            tenant.weight_total += weight
            return
        used[0] += 1
        if used[1] != weight:
            tenant.weight_total += weight - used[1]
            used[1] = weight

    def gave_back(self, tenant_id: bytes, application_id: bytes) -> None:
        """The application uses one slot less. Each goes with a `took` before."""
        tenant = self._tenants[tenant_id]
        used = tenant.applications[application_id]
        used[0] -= 1
        if used[0]:
            return
        del tenant.applications[application_id]
        tenant.weight_total -= used[1]
        if not tenant.applications:
            del self._tenants[tenant_id]

    def used(self, tenant_id: bytes, application_id: bytes) -> int:
        """Slots that the application uses."""
        tenant = self._tenants.get(tenant_id)
        used = tenant.applications.get(application_id) if tenant is not None else None
        return used[0] if used is not None else 0

    def over_share(self, tenant_id: bytes, application_id: bytes, weight: int) -> bool:
        """True if the application uses at least its fair share of the slots, among all that use
        any and itself. Who uses none never does: everybody gets a turn."""
        tenant = self._tenants.get(tenant_id)
        used = tenant.applications.get(application_id) if tenant is not None else None
        if tenant is None or used is None:
            return False
        weights = tenant.weight_total - used[1] + weight
        return used[0] * len(self._tenants) * weights >= self._slots_max * weight

    def __len__(self) -> int:
        """Number of tenants that use slots."""
        return len(self._tenants)

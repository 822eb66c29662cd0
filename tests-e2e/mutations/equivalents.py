"""Changes that `make mutate` leaves out one by one, because nothing is different with them.

Only what no rule of `spans_left_out.py` can say, and each with its reason. A change that is merely
hard to notice does not belong here.
"""

from dataclasses import dataclass

_WORKER = "services/worker/src/angarium_worker"
_TENANTS = "services/gateway/src/angarium_gateway/application/tenants"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A changed line of a module, and why it means the same as before."""

    module: str
    changed_line: str
    reason: str


EQUIVALENTS = (
    Equivalent(
        f"{_WORKER}/adapters/database/sqlite/records.py",
        '* (_row.endpoint_id == bindparam("key_endpoint"))',
        "The product of two truth values is their conjunction.",
    ),
    Equivalent(
        f"{_WORKER}/adapters/database/sqlite/records.py",
        '* (_row.fence == bindparam("key_fence"))',
        "The product of two truth values is their conjunction.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "self._window = +1",
        "Nothing is counted yet, so it does not matter which window the counts are of.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "self._window = - 0",
        "Nothing is counted yet, so it does not matter which window the counts are of.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "self._window = 1",
        "Nothing is counted yet, so it does not matter which window the counts are of.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "self._window = - 2",
        "Nothing is counted yet, so it does not matter which window the counts are of.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "window: int = - 2",
        "A pool is of no window at first, and no window has a negative number.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "if window != self._window or len(self._counts) == POOLS_MAX:",
        "The number grows by one at a time, and begins anew at the most.",
    ),
    Equivalent(
        f"{_TENANTS}/rate_limiter.py",
        "if pool.window <= window:",
        "A pool only moves on, and has the window of the request or a later one here.",
    ),
    Equivalent(
        f"{_TENANTS}/last_uses.py",
        "if key_id in self._uses or len(self._uses) != CALLERS_MAX:",
        "The number grows by one at a time, and no further than to the most.",
    ),
    Equivalent(
        f"{_TENANTS}/oidc_sign_in.py",
        "if len(text) == STATE_CHARS_MAX:",
        "A longer text is none that was sealed, and is refused when it is opened.",
    ),
)


def is_equivalent(module: str, changed_line: str) -> bool:
    """True for a change of the list."""
    return any(
        each.module == module and each.changed_line.split() == changed_line.split()
        for each in EQUIVALENTS
    )

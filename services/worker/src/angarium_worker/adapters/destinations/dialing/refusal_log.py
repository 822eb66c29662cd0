"""The operator's log of addresses that may not be dialled."""

import time
from collections.abc import Callable
from typing import Final

import structlog
from angarium_webhooks.egress.egress_rules import AddressVerdict

PERIOD_S: Final = 60.0
HOSTS_MAX: Final = 100

log = structlog.get_logger()


class RefusalLog:
    """Says which address of a host is refused and why, which tenants are not told.

    One line a minute for a host, and at most `HOSTS_MAX` in all: tenants choose how many there
    are.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._hosts: set[str] = set()
        self._until_s = 0.0

    def write(self, host: str, verdict: AddressVerdict) -> None:
        """Log that `host` is refused for this verdict on one of its addresses."""
        now_s = self._clock_s()
        if now_s >= self._until_s:
            self._until_s = now_s + PERIOD_S
            self._hosts.clear()
        if host in self._hosts or len(self._hosts) >= HOSTS_MAX:
            return
        self._hosts.add(host)
        rule = f"{verdict.network}, {verdict.name}" if verdict.network else verdict.name
        log.warning("egress.address_refused", host=host, address=verdict.address, rule=rule)

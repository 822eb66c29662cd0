"""Refuses a failed login: counts it, logs it at a bounded rate, and slows its address down."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import structlog
from angarium_chassis.http_server.connections import address_key
from angarium_chassis.http_server.trusted_proxies import NO_PROXIES, TrustedProxies
from litestar.types import Scope

from angarium_gateway.application.tenants.authentication import LoginFailure
from angarium_gateway.domain.failed_logins import FailedLogins

from .problems import Refused, unauthenticated
from .request_counters import FAILED_LOGINS

LOGGED_EVERY_S = 1.0
WAITING_MAX = 1_000
"""Refusals that wait at once; further ones are answered without a wait."""

log = structlog.get_logger()


class LoginRefusals:
    """Ends requests whose API key is missing or not valid. Only failed ones ever wait."""

    def __init__(self, clock_s: Callable[[], float], proxies: TrustedProxies = NO_PROXIES) -> None:
        self._clock_s = clock_s
        self._proxies = proxies
        self._failed_logins = FailedLogins()
        self._waiting = 0
        self._unlogged = 0
        self._logged_at_s = float("-inf")

    async def refuse(self, scope: Scope, failure: LoginFailure = LoginFailure.MISSING) -> NoReturn:
        """Raise `Refused` (401), after a while if the address fails often.

        Every failure gets the same answer: only the log tells a revoked key from a mistyped one.
        """
        await self.slow_down(scope, failure)
        raise Refused(unauthenticated())

    async def slow_down(self, scope: Scope, failure: LoginFailure) -> None:
        """Count and log a failure, and wait for a while if the address fails often."""
        peer = scope["client"]
        host = self._proxies.client_host(peer[0], scope["headers"]) if peer else ""
        now_s = self._clock_s()
        FAILED_LOGINS.inc()
        self._log(host, failure, now_s)
        delay_s = self._failed_logins.delay_s(address_key(host), now_s)
        if delay_s and self._waiting < WAITING_MAX:
            self._waiting += 1
            try:
                await asyncio.sleep(delay_s)
            finally:
                self._waiting -= 1

    def _log(self, address: str, failure: LoginFailure, now_s: float) -> None:
        self._unlogged += 1
        if now_s - self._logged_at_s >= LOGGED_EVERY_S:
            log.warning(
                "login.failed", address=address, failures=self._unlogged, reason=failure.value
            )
            self._unlogged = 0
            self._logged_at_s = now_s

"""The worker's answer to `CheckUrl`."""

import asyncio
from typing import Final

from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.url_checks import CheckedAddress, CheckUrl, UrlChecked

from angarium_worker.settings import Settings

from .urls import AddressVerdict, diagnose_url

AT_ONCE_MAX: Final = 4
"""Look-ups that clients cause at once: each takes a thread."""
TIMEOUT_S: Final = 3.0
ADDRESSES_MAX: Final = 20


class UrlCheck:
    """Judges URLs as the sender would. Resolves their hosts, and sends nothing else."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    async def __call__(self, question: CheckUrl) -> Contract:
        """`UrlChecked`, or a `Problem` if the resolver does not answer in time."""
        try:
            async with asyncio.timeout(TIMEOUT_S), self._slots:
                found = await asyncio.to_thread(diagnose_url, question.url, self._settings)
        except TimeoutError:
            return Problem(
                code=ProblemCode.UNAVAILABLE,
                detail="The host could not be resolved in time. Try again.",
            )
        return UrlChecked(
            accepted=found.refusal is None,
            conclusion=found.conclusion,
            canonical=found.canonical,
            addresses=tuple(_address(each) for each in found.addresses[:ADDRESSES_MAX]),
        )


def _address(verdict: AddressVerdict) -> CheckedAddress:
    rule = f"{verdict.network}, {verdict.name}" if verdict.network else verdict.name
    return CheckedAddress(str(verdict.address), verdict.is_allowed, rule)

"""Questions about statistics: bounds are checked here, the database answers."""

from typing import Final, Protocol, assert_never

from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem
from angarium_contracts.statistics import (
    CountByEndpoint,
    DeliverySeries,
    DeliverySums,
    EndpointHours,
    GetDeliverySeries,
    SumDeliveries,
)

from .problems import invalid, or_problem

APPLICATIONS_MAX: Final = 1_000
RESOLUTIONS: Final = (0, 1, 2)
GROUPS: Final = (None, "application", "endpoint", "event_type")

ENDPOINTS_MAX: Final = 100

type StatisticsQuestion = GetDeliverySeries | SumDeliveries | CountByEndpoint


class StatisticsReader(Protocol):
    """Reads roll-ups. Every method raises `StorageDown`."""

    async def series(self, question: GetDeliverySeries) -> DeliverySeries | None:
        """See `GetDeliverySeries`; None when there are more roll-ups than are read."""
        ...

    async def sums(self, question: SumDeliveries) -> DeliverySums:
        """See `SumDeliveries`."""
        ...

    async def by_endpoint(self, question: CountByEndpoint) -> EndpointHours:
        """See `CountByEndpoint`."""
        ...


class Statistics:
    """Answers the questions of `angarium_contracts.statistics`."""

    def __init__(self, reader: StatisticsReader) -> None:
        self._reader = reader

    async def answer(self, question: StatisticsQuestion) -> Contract:
        """Answer as the question's contract specifies, or with a `Problem`."""
        if not isinstance(question, CountByEndpoint) and question.resolution not in RESOLUTIONS:
            return invalid(f"There is no resolution {question.resolution}.")
        return await or_problem(question, self._answer(question))

    async def _answer(self, question: StatisticsQuestion) -> Contract:
        match question:
            case GetDeliverySeries():
                if question.group_by not in GROUPS:
                    return invalid(f"There are no groups by {question.group_by}.")
                return await self._reader.series(question) or _too_much()
            case CountByEndpoint():
                if len(question.endpoint_ids) > ENDPOINTS_MAX:
                    return invalid(f"Query at most {ENDPOINTS_MAX} endpoints at once.")
                return await self._reader.by_endpoint(question)
            case SumDeliveries():
                asked = len(question.application_ids or ())
                if asked > APPLICATIONS_MAX or not 1 <= question.limit <= APPLICATIONS_MAX:
                    return invalid(f"Query at most {APPLICATIONS_MAX} applications at once.")
                return await self._reader.sums(question)
            case _:
                assert_never(question)


def _too_much() -> Problem:
    return invalid(
        "This covers more statistics than one answer reads. Ask for a shorter time, a coarser"
        " `resolution`, or one application, endpoint or event type."
    )

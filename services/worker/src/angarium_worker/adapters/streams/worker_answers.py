"""Dispatch of the worker's queries and commands to what answers them."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from angarium_contracts.attempts import (
    Attempts,
    ExpungeAttempt,
    FollowAttempts,
    GetAttempt,
    GetAttemptHeaders,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
    SearchAttempts,
)
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.deliveries import (
    CancelDeliveries,
    CountWaiting,
    ExpungeMessage,
    FindDeliveries,
    FindMissingDeliveries,
    FindUnhealthyEndpoints,
    GetEndpointDeliveryState,
    GetEndpointStats,
    ListFailedDeliveries,
    ListMessageDeliveries,
    ResendDeliveries,
)
from angarium_contracts.examination import ExamineService
from angarium_contracts.polling import (
    ForgetConsumer,
    ListConsumers,
    PollAsConsumer,
    PollDeliveries,
    SeekConsumer,
)
from angarium_contracts.statistics import CountByEndpoint, GetDeliverySeries, SumDeliveries
from angarium_contracts.url_checks import CheckUrl

from angarium_worker.application.operations.delivery_queries import (
    DeliveryQueries,
    DeliveryQuestion,
)
from angarium_worker.application.operations.expunge_content import (
    ExpungeCommand,
    ExpungeContent,
)
from angarium_worker.application.operations.operator_commands import (
    OperatorCommand,
    OperatorCommands,
)
from angarium_worker.application.operations.poll_queries import PollQueries, PollQuestion
from angarium_worker.application.operations.statistics import Statistics, StatisticsQuestion

type AttemptQuestion = (
    ListAttemptsByMessage | ListAttemptsByEndpoint | GetAttempt | GetAttemptHeaders
)
type SearchQuestion = SearchAttempts | FollowAttempts
type WorkerQuestion = (
    AttemptQuestion
    | OperatorCommand
    | ExpungeCommand
    | DeliveryQuestion
    | SearchQuestion
    | PollQuestion
    | StatisticsQuestion
    | ExamineService
    | CheckUrl
)

WORKER_QUESTIONS: Final[Reader[WorkerQuestion]] = Reader(
    ListAttemptsByMessage,
    ListAttemptsByEndpoint,
    GetAttempt,
    GetAttemptHeaders,
    ResendDeliveries,
    CancelDeliveries,
    ExpungeMessage,
    ExpungeAttempt,
    ListFailedDeliveries,
    FindMissingDeliveries,
    GetEndpointStats,
    GetEndpointDeliveryState,
    ListMessageDeliveries,
    FindDeliveries,
    FindUnhealthyEndpoints,
    CountWaiting,
    SearchAttempts,
    FollowAttempts,
    PollDeliveries,
    PollAsConsumer,
    SeekConsumer,
    ListConsumers,
    ForgetConsumer,
    GetDeliverySeries,
    SumDeliveries,
    CountByEndpoint,
    ExamineService,
    CheckUrl,
)
"""Reads everything that `WorkerAnswers` answers."""


class AttemptAnswers(Protocol):
    """Answers the questions about attempts."""

    async def answer(self, question: AttemptQuestion) -> Contract:
        """Answer as the question's contract specifies, or with a `Problem`."""
        ...


class AttemptSearches(Protocol):
    """Finds attempts of applications and tenants."""

    async def search(self, question: SearchAttempts) -> Contract:
        """`Attempts`, newest first, or a `Problem`."""
        ...

    async def follow(self, question: FollowAttempts) -> Attempts:
        """Attempts as they are made, oldest first."""
        ...


class WorkerAnswers:
    """Answers every question of `WORKER_QUESTIONS`."""

    def __init__(
        self,
        attempts: AttemptAnswers,
        commands: OperatorCommands,
        expunge: ExpungeContent,
        deliveries: DeliveryQueries,
        searches: AttemptSearches,
        polling: PollQueries,
        statistics: Statistics,
        examine: Callable[[ExamineService], Awaitable[Contract]],
        check_url: Callable[[CheckUrl], Awaitable[Contract]],
    ) -> None:
        self._attempts = attempts
        self._commands = commands
        self._expunge = expunge
        self._deliveries = deliveries
        self._searches = searches
        self._polling = polling
        self._statistics = statistics
        self._examine = examine
        self._check_url = check_url

    async def answer(self, question: WorkerQuestion) -> Contract:
        """Answer as the question's contract specifies, or with a `Problem`."""
        match question:
            case (
                ListAttemptsByMessage()
                | ListAttemptsByEndpoint()
                | GetAttempt()
                | GetAttemptHeaders()
            ):
                return await self._attempts.answer(question)
            case ResendDeliveries() | CancelDeliveries():
                return await self._commands.answer(question)
            case ExpungeMessage() | ExpungeAttempt():
                return await self._expunge.answer(question)
            case SearchAttempts():
                return await self._searches.search(question)
            case FollowAttempts():
                return await self._searches.follow(question)
            case (
                PollDeliveries()
                | PollAsConsumer()
                | SeekConsumer()
                | ListConsumers()
                | ForgetConsumer()
            ):
                return await self._polling.answer(question)
            case GetDeliverySeries() | SumDeliveries() | CountByEndpoint():
                return await self._statistics.answer(question)
            case ExamineService():
                return await self._examine(question)
            case CheckUrl():
                return await self._check_url(question)
            case deliveries:
                return await self._deliveries.answer(deliveries)

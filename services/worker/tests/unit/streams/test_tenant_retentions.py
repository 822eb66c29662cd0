"""How the worker learns what tenants want to be kept."""

from typing import Any

from angarium_contracts.contract import Contract, Reader
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.retention import ListTenantRetentions, TenantRetention, TenantRetentions
from angarium_contracts.stream_names import GATEWAY_QUERIES
from angarium_worker.adapters.streams.tenant_retentions import GatewayRetentions

ALL = [TenantRetention(number.to_bytes(16), 7) for number in range(5)]
PAGE = 2


class GatewayModel:
    """Answers in pages of `PAGE`; once `away`, with a problem."""

    def __init__(self) -> None:
        self.asked: list[bytes | None] = []
        self.away_after = 100

    async def ask[T](self, stream: str, question: Contract, _: Reader[T]) -> Any:
        assert stream == GATEWAY_QUERIES
        assert isinstance(question, ListTenantRetentions)
        if len(self.asked) >= self.away_after:
            return Problem(code=ProblemCode.UNAVAILABLE, detail="nobody answers")
        self.asked.append(question.after)
        after = question.after
        rest = [each for each in ALL if after is None or each.tenant_id > after]
        return TenantRetentions(items=tuple(rest[:PAGE]), done=len(rest) <= PAGE)


async def test_all_pages_are_asked_for() -> None:
    gateway = GatewayModel()
    assert await GatewayRetentions(gateway).all() == ALL
    assert gateway.asked == [None, ALL[1].tenant_id, ALL[3].tenant_id]


async def test_half_an_answer_is_none() -> None:
    gateway = GatewayModel()
    gateway.away_after = 1
    assert await GatewayRetentions(gateway).all() is None

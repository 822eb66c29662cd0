"""The cache of schemas: asked once, dropped by version, bounded."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from angarium_contracts.configuration import EventTypeSchema, GetEventTypeSchema
from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.accept.event_type_schemas import EventTypeSchemas
from angarium_gateway.domain.schema_checks import Violation

FIRST, SECOND = b"1" * 16, b"2" * 16


@dataclass(frozen=True)
class Compiled:
    schema: bytes
    unusable: str | None = None

    def violations(self, payload: bytes) -> list[Violation]:
        return []


@dataclass
class Dispatcher:
    schemas: dict[str, bytes] = field(default_factory=lambda: {"a": b"{}"})
    asked: list[str] = field(default_factory=list)
    down: bool = False

    async def __call__(self, question: Contract, answer: type[Any]) -> Any:
        assert isinstance(question, GetEventTypeSchema)
        self.asked.append(question.name)
        schema = self.schemas.get(question.name)
        await asyncio.sleep(0)
        if self.down:
            return Problem(code=ProblemCode.UNAVAILABLE, detail="down")
        return EventTypeSchema(schema=schema, schema_version="1")


def cache(dispatcher: Dispatcher, **bounds: int) -> EventTypeSchemas:
    return EventTypeSchemas(dispatcher, Compiled, **bounds)


async def test_a_schema_is_asked_for_once_also_if_there_is_none() -> None:
    dispatcher = Dispatcher()
    schemas = cache(dispatcher)
    found = await asyncio.gather(*(schemas.find(FIRST, "a") for _ in range(3)))
    assert found == [Compiled(b"{}")] * 3
    for _ in range(2):
        assert await schemas.find(FIRST, "none") is None
    assert dispatcher.asked == ["a", "none"]


async def test_an_announced_change_is_read_again_and_others_are_not() -> None:
    dispatcher = Dispatcher()
    schemas = cache(dispatcher)
    schemas.follow(7, ())
    for tenant in (FIRST, SECOND):
        await schemas.find(tenant, "a")
    dispatcher.schemas["a"] = b'{"type": "object"}'
    schemas.follow(8, (FIRST,))
    assert await schemas.find(FIRST, "a") == Compiled(b'{"type": "object"}')
    assert await schemas.find(SECOND, "a") == Compiled(b"{}")
    schemas.follow(8, (SECOND,))  # announced before
    assert await schemas.find(SECOND, "a") == Compiled(b"{}")


async def test_a_change_whose_announcement_was_lost_shows_in_a_gap_and_in_the_heartbeat() -> None:
    dispatcher = Dispatcher()
    schemas = cache(dispatcher)
    schemas.follow(7, ())
    for version, tenants in ((9, (SECOND,)), (10, ())):
        await schemas.find(FIRST, "a")
        dispatcher.schemas["a"] = b"%d" % version
        schemas.follow(version, tenants)
        assert await schemas.find(FIRST, "a") == Compiled(b"%d" % version)


async def test_an_answer_from_before_a_change_is_not_kept() -> None:
    dispatcher = Dispatcher()
    schemas = cache(dispatcher)
    asking = asyncio.ensure_future(schemas.find(FIRST, "a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    dispatcher.schemas["a"] = b"new"
    schemas.forget_tenants({FIRST})
    assert await schemas.find(FIRST, "a") == Compiled(b"new")
    await asking
    assert await schemas.find(FIRST, "a") == Compiled(b"new")


async def test_a_problem_is_not_kept() -> None:
    dispatcher = Dispatcher(down=True)
    schemas = cache(dispatcher)
    assert isinstance(await schemas.find(FIRST, "a"), Problem)
    dispatcher.down = False
    assert await schemas.find(FIRST, "a") == Compiled(b"{}")


async def test_the_cache_is_bounded_by_number_and_by_bytes() -> None:
    dispatcher = Dispatcher(dict.fromkeys("abc", b"x" * 40))
    by_bytes, by_number = cache(dispatcher, cached_bytes_max=100), cache(dispatcher, cached_max=2)
    for schemas in (by_bytes, by_number):
        dispatcher.asked.clear()
        for name in "abcbca":
            await schemas.find(FIRST, name)
        assert dispatcher.asked == ["a", "b", "c", "a"]

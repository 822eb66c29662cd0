import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.writer import Publication
from angarium_contracts.configuration import ApplicationDeleted, GetApplication
from angarium_contracts.contract import Contract, Reader, encode
from angarium_contracts.queries import Done, Problem, ProblemCode, Query
from redis.asyncio import Redis

from ..process_double import NewProcess, ProcessDouble

QUERIES = "dispatcher.queries"
questions = Reader(GetApplication)
answers: Reader[Done | Problem] = Reader(Done)


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


def question(number: int) -> GetApplication:
    return GetApplication(tenant_id=bytes(16), ref=str(number))


async def echo(asked: GetApplication) -> Contract:
    return Done(version=int(asked.ref))


def client_of(process: ProcessDouble, *, timeout_s: float = 5.0) -> QueryClient:
    client = QueryClient(
        process.broker, replica=process.name, clock_ms=clock_ms, timeout_s=timeout_s
    )
    process.run(client.run())
    return client


def serve(
    process: ProcessDouble, answer: Callable[[GetApplication], Awaitable[Contract]]
) -> QueryServer[GetApplication]:
    server = QueryServer(
        process.broker,
        stream=QUERIES,
        group="dispatchers",
        consumer=process.name,
        questions=questions,
        answer=answer,
        quarantine=Quarantine(process.broker, "test"),
        clock_ms=clock_ms,
        clock_s=time.monotonic,
    )
    process.run(server.run())
    return server


async def test_a_question_gets_its_answer(new_process: NewProcess, redis: Redis) -> None:
    gateway, dispatcher = await new_process("gateway"), await new_process("dispatcher")
    client, server = client_of(gateway), serve(dispatcher, echo)

    assert await client.ask(QUERIES, question(7), answers) == Done(version=7)
    assert client.running
    assert server.running
    assert await redis.xlen(QUERIES) == 0


async def test_two_hundred_questions_at_once_get_their_own_answers(new_process: NewProcess) -> None:
    gateway, dispatcher = await new_process("gateway"), await new_process("dispatcher")
    client = client_of(gateway)
    serve(dispatcher, echo)

    got = await asyncio.gather(
        *[client.ask(QUERIES, question(number), answers) for number in range(200)]
    )

    assert got == [Done(version=number) for number in range(200)]


async def test_replicas_share_the_questions_and_answer_their_own_askers(
    new_process: NewProcess,
) -> None:
    clients = [client_of(await new_process(name)) for name in ("gateway-1", "gateway-2")]
    for name in ("dispatcher-1", "dispatcher-2"):
        serve(await new_process(name), echo)

    got = await asyncio.gather(
        *[clients[number % 2].ask(QUERIES, question(number), answers) for number in range(40)]
    )

    assert got == [Done(version=number) for number in range(40)]


async def test_a_refusal_is_a_value(process: ProcessDouble) -> None:
    async def refuse(_: GetApplication) -> Contract:
        return Problem(code=ProblemCode.NOT_FOUND, detail="no such application", field="ref")

    client = client_of(process)
    serve(process, refuse)

    got = await client.ask(QUERIES, question(1), answers)

    assert got == Problem(code=ProblemCode.NOT_FOUND, detail="no such application", field="ref")


async def test_a_service_that_fails_to_answer_says_so_and_answers_the_next(
    process: ProcessDouble,
) -> None:
    async def answer(asked: GetApplication) -> Contract:
        if asked.ref == "1":
            raise OSError("disk full")
        return await echo(asked)

    client = client_of(process)
    serve(process, answer)

    failed = await client.ask(QUERIES, question(1), answers)

    assert isinstance(failed, Problem)
    assert failed.code is ProblemCode.UNAVAILABLE
    assert "disk full" not in failed.detail
    assert await client.ask(QUERIES, question(2), answers) == Done(version=2)


async def test_without_an_answer_in_time_the_service_is_unavailable(process: ProcessDouble) -> None:
    client = client_of(process, timeout_s=0.2)

    got = await client.ask(QUERIES, question(1), answers)

    assert isinstance(got, Problem)
    assert got.code is ProblemCode.UNAVAILABLE


async def test_without_redis_the_service_is_unavailable(own_process: ProcessDouble) -> None:
    client = client_of(own_process, timeout_s=0.5)

    got = await client.ask(QUERIES, question(1), answers)

    assert isinstance(got, Problem)
    assert got.code is ProblemCode.UNAVAILABLE


async def test_an_expired_question_is_not_carried_out(process: ProcessDouble, redis: Redis) -> None:
    carried_out: list[str] = []

    async def answer(asked: GetApplication) -> Contract:
        carried_out.append(asked.ref)
        return await echo(asked)

    client = client_of(process, timeout_s=0.1)
    late = await client.ask(QUERIES, question(1), answers)
    assert isinstance(late, Problem)
    # The question expires by the wall clock, in whole milliseconds; the client waits by another.
    given_up_ns = time.time_ns()
    while time.time_ns() <= given_up_ns + 100_000_000:
        await asyncio.sleep(0.01)
    serve(process, answer)
    patient = client_of(renamed(process, "patient"), timeout_s=5)

    assert await patient.ask(QUERIES, question(2), answers) == Done(version=2)
    assert carried_out == ["2"]
    assert await redis.xlen(QUERIES) == 0


def renamed(process: ProcessDouble, name: str) -> ProcessDouble:
    """The same process under another name: another reply stream."""
    process.name = name
    return process


async def test_questions_and_answers_of_another_version_are_told(process: ProcessDouble) -> None:
    async def answer(_: GetApplication) -> Contract:
        return ApplicationDeleted(state=None)  # type: ignore[arg-type]

    client = client_of(process)
    serve(process, answer)

    unknown_question = await client.ask(QUERIES, Done(), answers)
    unknown_answer = await client.ask(QUERIES, question(1), answers)

    assert isinstance(unknown_question, Problem)
    assert "done/1" in unknown_question.detail
    assert isinstance(unknown_answer, Problem)
    assert "another version" in unknown_answer.detail


async def test_a_query_that_is_no_query_is_quarantined_and_the_next_answered(
    process: ProcessDouble, redis: Redis
) -> None:
    await process.writer.write([Publication(QUERIES, Done(version=1))])
    client = client_of(process)
    serve(process, echo)

    assert await client.ask(QUERIES, question(2), answers) == Done(version=2)
    assert await redis.xlen("quarantine:test") == 1


async def test_an_answer_that_nobody_waits_for_is_dropped(process: ProcessDouble) -> None:
    client = client_of(process)
    serve(process, echo)
    stray = Query(
        correlation_id=999,
        reply_to="replies:first",
        expires_at_ms=clock_ms() + 5000,
        body=msgspec.Raw(encode(question(1))),
    )
    await process.writer.write([Publication(QUERIES, stray)])

    assert await client.ask(QUERIES, question(2), answers) == Done(version=2)

"""A service's database: there, of this version's schema, with a clock that agrees."""

import importlib
import time

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_chassis.database.schema import Schema
from angarium_chassis.process import StartRefused
from sqlalchemy import select

from angarium_cli.doctor.clocks import ClockReading
from angarium_cli.doctor.finding import Finding, ok, problem
from angarium_cli.service_names import ServiceName


async def check_database(service: ServiceName, database: Database) -> list[Finding]:
    """One finding: it answers and has this version's schema, or what is wrong."""
    subject = f"{service} database"
    schema = schema_of(service)
    try:
        await schema.require_current(database)
    except StartRefused as refusal:
        sentence, _, remedy = str(refusal).partition("; ")
        return [problem(subject, _sentence(sentence), _sentence(remedy or "check its settings"))]
    kind = "Postgres" if database.on_postgres else "SQLite"
    return [ok(subject, f"{kind} answers, and has this version's schema.")]


def schema_of(service: ServiceName) -> Schema:
    """The schema of a service, from its own package."""
    module = importlib.import_module(f"angarium_{service}.adapters.database.schema")
    schema: Schema = module.SCHEMA
    return schema


async def database_clock(service: ServiceName, database: Database) -> ClockReading:
    """Its clock beside this machine's. Raises SQLAlchemy's errors."""
    async with database.reading.connect() as connection:
        before_s = time.time()
        now_us = await connection.scalar(select(clock_us(on_postgres=database.on_postgres)))
        return ClockReading(
            f"the {service}'s database", before_s, time.time(), (now_us or 0) / 1_000_000
        )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

"""The output of `angarium quarantine`."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from angarium_chassis.wording import counted, lasted
from angarium_contracts.ids import MESSAGE, created_at_ms, format_id
from angarium_gateway.administration.quarantine import (
    BATCH,
    QuarantineWork,
    Replayed,
    Step,
    contract_name,
)
from rich.console import Console
from rich.table import Table
from rich.text import Text

from angarium_cli.quarantine.contents import facts, hex_dump


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """An entry without its bytes."""

    id: str
    stream: str
    contract: str
    reason: str
    tries: int
    age_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ListedBatch:
    """A batch set aside. `age_s` counts from the acceptance of its first message."""

    id: str
    messages: int
    publications: int
    age_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Listing:
    """All entries and batches; `batches` is None without the gateway's database."""

    entries: tuple[ListedEntry, ...]
    batches: tuple[ListedBatch, ...] | None


async def read_listing(session: QuarantineWork) -> Listing:
    """List everything in quarantine. Bytes are read and released page by page."""
    now_s = time.time()
    entries = [
        ListedEntry(
            id=f"{entry.service}/{entry.id}",
            stream=entry.stream,
            contract=contract_name(entry),
            reason=entry.reason,
            tries=entry.tries,
            age_s=max(0.0, now_s - entry.quarantined_at_ms / 1_000),
            size_bytes=len(entry.body),
        )
        async for entry in session.entries()
    ]
    batches = [
        ListedBatch(
            id=f"{BATCH}/{batch.id.hex()}",
            messages=len(batch.message_ids),
            publications=batch.publication,
            age_s=max(0.0, now_s - created_at_ms(batch.id) / 1_000),
            size_bytes=batch.size_bytes,
        )
        for batch in await session.batches()
    ]
    return Listing(tuple(entries), tuple(batches) if session.knows_batches else None)


async def all_ids(session: QuarantineWork) -> list[str]:
    """The ids of all entries."""
    return [f"{entry.service}/{entry.id}" async for entry in session.entries()]


async def details(session: QuarantineWork, ref: str, *, with_bytes: bool) -> list[str]:
    """Describe one entry or batch. Raises CommandFailed if it does not exist."""
    if ref.startswith(f"{BATCH}/"):
        batch = await session.batch(ref)
        return [
            f"{'published':<10} {counted(batch.publication, 'time')}, never settled",
            f"{'size':<10} {batch.size_bytes:,} bytes of payloads",
            *[f"{'message':<10} {format_id(MESSAGE, each)}" for each in batch.message_ids],
        ]
    entry = await session.entry(ref)
    lines = [f"{name:<10} {value}" for name, value in facts(entry)]
    return [*lines, "", *hex_dump(entry.body)] if with_bytes else lines


def as_json(listing: Listing) -> str:
    """One object: `entries`, and `batches` (null without the gateway's database)."""
    return json.dumps(asdict(listing), indent=2)


def show(listing: Listing, console: Console) -> None:
    """Print a table of entries and a table of batches."""
    if listing.entries:
        console.print(_entries(listing.entries))
    else:
        console.print("The quarantine is empty.")
    if listing.batches is None:
        console.print(Text("Set ANGARIUM_GATEWAY_DATABASE_URL to list batches set aside.", "dim"))
    elif listing.batches:
        console.print(f"\n{counted(len(listing.batches), 'batch', 'batches')} set aside:")
        console.print(_batches(listing.batches))


def outcome(done: Replayed) -> list[str]:
    """Describe the outcome of a replay, line by line."""
    lines = []
    if done.batches:
        lines.append(
            f"{counted(done.batches, 'batch', 'batches')} brought back: a gateway publishes them"
            " within seconds."
        )
    for each in done.planned:
        why = f": {each.entry.refusal}" if each.step is Step.KEPT else ""
        lines.append(f"{each.entry.service}/{each.entry.id}  {each.step.value}{why}")
    return lines or ["Nothing to replay."]


def _entries(entries: Sequence[ListedEntry]) -> Table:
    table = _table("id", "stream", "contract", "tries", "age", "bytes", "reason")
    for each in entries:
        table.add_row(
            each.id,
            each.stream,
            each.contract,
            str(each.tries),
            lasted(each.age_s),
            f"{each.size_bytes:,}",
            Text(each.reason),
        )
    return table


def _batches(batches: Sequence[ListedBatch]) -> Table:
    table = _table("id", "messages", "published", "age", "bytes")
    for each in batches:
        table.add_row(
            each.id,
            str(each.messages),
            counted(each.publications, "time"),
            lasted(each.age_s),
            f"{each.size_bytes:,}",
        )
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=heading == "id", overflow="fold")
    return table

"""Which encryption keys a platform's databases need, and for how many secrets."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Literal

import msgspec
from angarium_chassis.database.resealing import UNREADABLE, Resealing
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from angarium_chassis.service import seal_of
from rich.console import Console
from rich.table import Table

from angarium_cli.databases import opened_database
from angarium_cli.encryption.key_processes import living_processes
from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation
from angarium_cli.services import SERVICES, ServiceName, examination_of

type Role = Literal["current", "fallback", "not set"]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The use of one key.

    `needed_by` are the services whose databases record that they need it; `secrets` counts what is
    encrypted with it. Of the running processes, `encrypting` use it, and `decrypting` have it.
    """

    id: str
    role: Role
    needed_by: Sequence[ServiceName]
    secrets: Mapping[ServiceName, int]
    encrypting: int
    decrypting: int


@dataclass(frozen=True, slots=True)
class KeyUses:
    """The uses of all keys, the current one first, by so many `processes`. `unreadable` secrets are
    under none of them."""

    processes: int
    keys: Sequence[KeyUse]
    unreadable: Mapping[ServiceName, int]


def shared_seal(installation: Installation) -> Seal:
    """The seal of all services. Raises CommandFailed if they have different keys."""
    seals = {service: _seal_of(installation, service) for service in installation.services}
    first, *others = seals.values()
    same = (first.key_id, set(first.key_ids))
    if any((each.key_id, set(each.key_ids)) != same for each in others):
        raise CommandFailed(
            "the services have different encryption keys; set ANGARIUM_ENCRYPTION_KEY and"
            " ANGARIUM_ENCRYPTION_KEY_FALLBACKS to the same values for every service"
        )
    return first


async def read_key_uses(installation: Installation) -> KeyUses:
    """Read the use of the keys. Raises CommandFailed."""
    seal = shared_seal(installation)
    running = await living_processes(installation)
    needed: dict[ServiceName, tuple[str, ...]] = {}
    counts: dict[ServiceName, dict[str, int]] = {}
    async with AsyncExitStack() as opened:
        for service in SERVICES:
            database = await opened.enter_async_context(opened_database(installation, service))
            schema = examination_of(service).SCHEMA
            needed[service] = await schema.keys(database)
            counts[service] = dict(await Resealing(schema, database, seal).key_ids())
    found = {key_id for keys in needed.values() for key_id in keys}
    found |= {key_id for each in counts.values() for key_id in each}
    others = sorted(found - {*seal.key_ids, UNREADABLE})
    return KeyUses(
        len(running),
        [
            KeyUse(
                key_id,
                _role(key_id, seal),
                [service for service in SERVICES if key_id in needed[service]],
                {service: counts[service].get(key_id, 0) for service in SERVICES},
                encrypting=sum(key_id == each.key_id for each in running),
                decrypting=sum(key_id in each.key_ids for each in running),
            )
            for key_id in (*seal.key_ids, *others)
        ],
        {service: counts[service].get(UNREADABLE, 0) for service in SERVICES},
    )


def as_json(uses: KeyUses) -> str:
    """The uses as one JSON object."""
    return msgspec.json.encode(uses).decode()


def show(uses: KeyUses, console: Console) -> None:
    """Print the uses as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("key", "use", *SERVICES, "needed by", "processes that have it"):
        table.add_column(heading, justify="right" if heading in SERVICES else "left")
    for use in uses.keys:
        counts = [f"{use.secrets[service]:,}" for service in SERVICES]
        processes = f"{use.decrypting} of {uses.processes}"
        table.add_row(use.id, use.role, *counts, ", ".join(use.needed_by) or "none", processes)
    if any(uses.unreadable.values()):
        counts = [f"{uses.unreadable[service]:,}" for service in SERVICES]
        table.add_row("unreadable", "", *counts, "", "")
    console.print(table)


def _role(key_id: str, seal: Seal) -> Role:
    if key_id == seal.key_id:
        return "current"
    return "fallback" if key_id in seal.key_ids else "not set"


def _seal_of(installation: Installation, service: ServiceName) -> Seal:
    try:
        return seal_of(installation.settings_or_refusal(service))
    except StartRefused as refusal:
        raise CommandFailed(f"the {service}'s settings: {refusal}") from None

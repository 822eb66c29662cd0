"""Describes an entry in quarantine for the terminal."""

from datetime import UTC, datetime

import msgspec
from angarium_chassis.streams.quarantined_entry import QuarantinedEntry
from angarium_contracts.contract import UnknownVersion, Unreadable
from angarium_contracts.hot_path import DeliveriesRequested
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id
from angarium_contracts.queries import Query
from angarium_gateway.administration.quarantine import Content, content_of, contract_name

MESSAGES_SHOWN_MAX = 20


class _TagOnly(msgspec.Struct, frozen=True):
    type: str


def facts(entry: QuarantinedEntry) -> list[tuple[str, str]]:
    """The facts that may be shown: no payloads, which are customers' data."""
    since = datetime.fromtimestamp(entry.quarantined_at_ms / 1_000, UTC)
    shown = [
        ("stream", entry.stream),
        ("entry", entry.entry_id),
        ("since", f"{since:%F %T} UTC"),
        ("reason", entry.reason),
        ("tries", str(entry.tries)),
        ("size", f"{len(entry.body):,} bytes"),
        ("contract", contract_name(entry)),
    ]
    return shown + _contract_facts(content_of(entry))


def _contract_facts(contract: Content | UnknownVersion | Unreadable) -> list[tuple[str, str]]:
    match contract:
        case UnknownVersion() | Unreadable():
            return []
        case Query():
            until = datetime.fromtimestamp(contract.expires_at_ms / 1_000, UTC)
            return [
                ("query", _tag(bytes(contract.body))),
                ("expires", f"{until:%F %T} UTC; it is not carried out later"),
            ]
    batch = f"{contract.batch_id.hex()}, publication {contract.publication}"
    if isinstance(contract, DeliveriesRequested):
        batch += f", chunk {contract.chunk + 1} of {contract.chunks}"
    found = [("batch", batch)]
    for message in contract.messages[:MESSAGES_SHOWN_MAX]:
        application = format_id(APPLICATION, message.application_id)
        what = f"{message.event_type}, {len(message.payload):,} bytes of payload"
        found.append(("message", f"{format_id(MESSAGE, message.id)} of {application}: {what}"))
    if len(contract.messages) > MESSAGES_SHOWN_MAX:
        found.append(("", f"… {len(contract.messages) - MESSAGES_SHOWN_MAX} more messages"))
    return found


def _tag(body: bytes) -> str:
    try:
        return msgspec.msgpack.decode(body, type=_TagOnly).type
    except msgspec.MsgspecError:
        return "cannot be read"


def hex_dump(body: bytes) -> list[str]:
    """A hex dump: offset, sixteen bytes, and their ASCII characters."""
    lines = []
    for at in range(0, len(body), 16):
        row = body[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}  {row.hex(' '):<47}  {text}")
    return lines

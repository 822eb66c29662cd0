"""What an entry that was put away holds, and in which form it may go back."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from angarium_chassis.streams.quarantine import Quarantined
from angarium_contracts.contract import Contract, Reader, UnknownVersion, Unreadable, encode
from angarium_contracts.hot_path import DeliveriesRequested, MessagesAccepted
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id
from angarium_contracts.queries import Query

MESSAGES_SHOWN_MAX = 20
type Content = MessagesAccepted | DeliveriesRequested | Query
_reader: Reader[Content] = Reader(MessagesAccepted, DeliveriesRequested, Query)


class _TagOnly(msgspec.Struct, frozen=True):
    type: str


@dataclass(frozen=True, slots=True)
class BatchPart:
    """Which part of a batch an entry is: chunk `chunk`, or (None) the whole."""

    batch_id: bytes
    chunk: int | None


def batch_part(entry: Quarantined) -> BatchPart | None:
    """None for what is no part of a batch, or cannot be read."""
    match _read(entry):
        case MessagesAccepted(batch_id=batch_id):
            return BatchPart(batch_id, None)
        case DeliveriesRequested(batch_id=batch_id, chunk=chunk):
            return BatchPart(batch_id, chunk)
    return None


def why_not_again(entry: Quarantined) -> str | None:
    """Why putting it back would not help; None where it may."""
    match _read(entry):
        case UnknownVersion(tag):
            return f"this version does not know {tag}; run `angarium` of the version that does"
        case Unreadable():
            return "no service can read it; its batch comes again without it, so drop it"
    return None


def body_to_replay(entry: Quarantined) -> bytes:
    """The body to put back: a part of a batch is flagged as redelivered, so that what was
    delivered meanwhile is not sent twice. What cannot be read goes back as it is."""
    match _read(entry):
        case MessagesAccepted() as batch:
            return encode(_published_before(batch))
        case DeliveriesRequested() as chunk:
            return encode(msgspec.structs.replace(chunk, redelivered=True))
    return entry.body


def _published_before(batch: MessagesAccepted) -> MessagesAccepted:
    """The batch as one that was published before. Where the gateway still counts the first
    publication, it publishes it again by itself after this one is worked off."""
    return msgspec.structs.replace(batch, publication=max(2, batch.publication))


def facts(entry: Quarantined) -> list[tuple[str, str]]:
    """What may be shown of it: no payloads, which are data of customers."""
    away = datetime.fromtimestamp(entry.put_away_at_ms / 1_000, UTC)
    shown = [
        ("stream", entry.stream),
        ("entry", entry.entry_id),
        ("put away", f"{away:%F %T} UTC"),
        ("reason", entry.reason),
        ("tries", str(entry.tries)),
        ("size", f"{len(entry.body):,} bytes"),
        ("contract", contract_name(entry)),
    ]
    return shown + _contract_facts(_read(entry))


def contract_name(entry: Quarantined) -> str:
    """The tag that its bytes begin with, as far as they can be read."""
    if not entry.is_ours:
        return "none: it was not written by Angarium"
    match _read(entry):
        case Contract() as contract:
            return str(contract.__struct_config__.tag)
        case UnknownVersion(tag):
            return tag
    return "cannot be read"


def _read(entry: Quarantined) -> Content | UnknownVersion | Unreadable:
    if not entry.is_ours:
        return Unreadable("not an entry of ours")
    return _reader.read(entry.body)


def _contract_facts(contract: Content | UnknownVersion | Unreadable) -> list[tuple[str, str]]:
    match contract:
        case UnknownVersion() | Unreadable():
            return []
        case Query():
            until = datetime.fromtimestamp(contract.expires_at_ms / 1_000, UTC)
            return [
                ("query", _tag(bytes(contract.body))),
                ("expires", f"{until:%F %T} UTC; afterwards nobody carries it out"),
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
    """Sixteen bytes a line: offset, hex, and the text where it is ASCII."""
    lines = []
    for at in range(0, len(body), 16):
        row = body[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}  {row.hex(' '):<47}  {text}")
    return lines

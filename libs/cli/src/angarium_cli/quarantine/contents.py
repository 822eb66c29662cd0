"""The contents of an entry in quarantine, and the form in which it goes back."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from angarium_chassis.streams.quarantine import QuarantinedEntry
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
    """The part of a batch that an entry is: one chunk, or the whole batch if `chunk` is None."""

    batch_id: bytes
    chunk: int | None


def batch_part(entry: QuarantinedEntry) -> BatchPart | None:
    """The part; None if the entry is not part of a batch, or unreadable."""
    match _read(entry):
        case MessagesAccepted(batch_id=batch_id):
            return BatchPart(batch_id, None)
        case DeliveriesRequested(batch_id=batch_id, chunk=chunk):
            return BatchPart(batch_id, chunk)
    return None


def why_not_again(entry: QuarantinedEntry) -> str | None:
    """The reason why putting the entry back cannot help; None if it can."""
    match _read(entry):
        case UnknownVersion(tag):
            return f"this version does not know {tag}; run a version of `angarium` that does"
        case Unreadable():
            return "no service can read it; drop it, since its batch is published again without it"
    return None


def body_to_replay(entry: QuarantinedEntry) -> bytes:
    """The body to put back. Unreadable bytes stay unchanged.

    A part of a batch is flagged as redelivered, so that deliveries that were made in the meantime
    are not repeated.
    """
    match _read(entry):
        case MessagesAccepted() as batch:
            return encode(_published_before(batch))
        case DeliveriesRequested() as chunk:
            return encode(msgspec.structs.replace(chunk, redelivered=True))
    return entry.body


def _published_before(batch: MessagesAccepted) -> MessagesAccepted:
    """The batch as one that was published before.

    If the gateway still counts the first publication, it publishes the batch again after this one.
    """
    return msgspec.structs.replace(batch, publication=max(2, batch.publication))


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
    return shown + _contract_facts(_read(entry))


def contract_name(entry: QuarantinedEntry) -> str:
    """The contract's tag, or a phrase if it cannot be read."""
    if not entry.is_contract:
        return "none: not written by Angarium"
    match _read(entry):
        case Contract() as contract:
            return str(contract.__struct_config__.tag)
        case UnknownVersion(tag):
            return tag
    return "cannot be read"


def _read(entry: QuarantinedEntry) -> Content | UnknownVersion | Unreadable:
    if not entry.is_contract:
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

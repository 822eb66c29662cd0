"""The contents of an entry in quarantine, and the form in which it goes back."""

from dataclasses import dataclass

import msgspec
from angarium_chassis.streams.quarantined_entry import QuarantinedEntry
from angarium_contracts.contract import Contract, Reader, UnknownVersion, Unreadable, encode
from angarium_contracts.hot_path import DeliveriesRequested, MessagesAccepted
from angarium_contracts.queries import Query

type Content = MessagesAccepted | DeliveriesRequested | Query
_reader: Reader[Content] = Reader(MessagesAccepted, DeliveriesRequested, Query)


@dataclass(frozen=True, slots=True)
class BatchPart:
    """The part of a batch that an entry is: one chunk, or the whole batch if `chunk` is None."""

    batch_id: bytes
    chunk: int | None


def batch_part(entry: QuarantinedEntry) -> BatchPart | None:
    """The part; None if the entry is not part of a batch, or unreadable."""
    match content_of(entry):
        case MessagesAccepted(batch_id=batch_id):
            return BatchPart(batch_id, None)
        case DeliveriesRequested(batch_id=batch_id, chunk=chunk):
            return BatchPart(batch_id, chunk)
    return None


def why_not_again(entry: QuarantinedEntry) -> str | None:
    """The reason why putting the entry back cannot help; None if it can."""
    match content_of(entry):
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
    match content_of(entry):
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


def contract_name(entry: QuarantinedEntry) -> str:
    """The contract's tag, or a phrase if it cannot be read."""
    if not entry.is_contract:
        return "none: not written by Angarium"
    match content_of(entry):
        case Contract() as contract:
            return str(contract.__struct_config__.tag)
        case UnknownVersion(tag):
            return tag
    return "cannot be read"


def content_of(entry: QuarantinedEntry) -> Content | UnknownVersion | Unreadable:
    """The contract that an entry carries, or why it cannot be read."""
    if not entry.is_contract:
        return Unreadable("not an entry of ours")
    return _reader.read(entry.body)

"""Mapping of an attempt's exchange to its column: a msgpack array of its members, on both engines.

The heads are copied as they are; nothing is parsed before somebody reads them.
"""

import msgspec

from angarium_worker.domain.exchange import Exchange

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Exchange)


def exchange_column(exchange: Exchange) -> bytes:
    """The column's value."""
    return _encoder.encode(exchange)


def exchange_of(column: bytes | None) -> Exchange | None:
    """The exchange that `exchange_column` wrote; None also for one that cannot be read."""
    if column is None:
        return None
    try:
        return _decoder.decode(column)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # written by a later version
        return None

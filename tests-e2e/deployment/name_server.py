"""A name server on loopback that answers with the addresses of a service's replicas, as Docker's
and Kubernetes's do."""

import socket
import struct
import threading
from collections.abc import Sequence
from typing import Self

_A, _INTERNET = 1, 1
_QUESTION_AT = 12
_POINTER_TO_QUESTION = 0xC00C
_LIFE_S = 1
_AUTHORITATIVE_ANSWER = 0x8580
_NAME_UNKNOWN = 3


class NameServer:
    """Answers A queries for one name; `addresses` may change while it runs."""

    def __init__(self, name: str, addresses: Sequence[str]) -> None:
        self.addresses = list(addresses)
        self._name = b"".join(bytes([len(part)]) + part for part in name.encode().split(b"."))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # An empty datagram ends it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(512)
            if not query:
                return
            self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        end_of_name = query.index(0, _QUESTION_AT)
        question = query[_QUESTION_AT : end_of_name + 5]
        kind = struct.unpack_from("!H", query, end_of_name + 1)[0]
        known = query[_QUESTION_AT:end_of_name].lower() == self._name
        addresses = self.addresses if known and kind == _A else []
        flags = _AUTHORITATIVE_ANSWER | (0 if known else _NAME_UNKNOWN)
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
        records = [
            struct.pack("!HHHIH", _POINTER_TO_QUESTION, _A, _INTERNET, _LIFE_S, 4)
            + socket.inet_aton(address)
            for address in addresses
        ]
        return head + question + b"".join(records)

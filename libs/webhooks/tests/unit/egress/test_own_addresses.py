import socket
from ipaddress import IPv4Address, ip_address

import psutil
from angarium_webhooks.egress.own_addresses import (
    OwnAddresses,
    read_own_addresses,
)

FIRST = frozenset({IPv4Address("10.0.0.1")})
SECOND = frozenset({IPv4Address("10.0.0.2")})


def test_every_interfaces_addresses_are_read() -> None:
    told = {
        ip_address(entry.address.partition("%")[0])
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    }
    assert IPv4Address("127.0.0.1") in told
    assert read_own_addresses() >= told


def test_addresses_are_read_anew_after_their_time_and_only_when_asked() -> None:
    now_s = 0.0
    reads = []

    def read() -> frozenset[IPv4Address]:
        reads.append(now_s)
        return FIRST if len(reads) == 1 else SECOND

    own = OwnAddresses(10.0, read, lambda: now_s)
    assert [own.current(), own.current(), len(reads)] == [FIRST, FIRST, 1]
    now_s = 9.9
    assert own.current() == FIRST
    now_s = 10.0
    assert own.current() == SECOND
    assert reads == [0.0, 10.0]


def test_each_reading_counts_from_its_own_time() -> None:
    now_s = 1_000.0
    reads = []

    def read() -> frozenset[IPv4Address]:
        reads.append(now_s)
        return FIRST

    own = OwnAddresses(10.0, read, lambda: now_s)
    for asked_s in (1_009.0, 1_012.0, 1_021.0, 1_022.0, 1_031.0, 1_032.0):
        now_s = asked_s
        own.current()
    assert reads == [1_000.0, 1_012.0, 1_022.0, 1_032.0]


def test_the_last_known_addresses_stay_when_the_machine_does_not_tell() -> None:
    now_s = 0.0

    def read() -> frozenset[IPv4Address]:
        if now_s:
            raise OSError
        return FIRST

    own = OwnAddresses(10.0, read, lambda: now_s)
    now_s = 20.0
    assert own.current() == FIRST

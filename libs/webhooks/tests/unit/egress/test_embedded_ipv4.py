"""IPv4 addresses inside IPv6 addresses, by the places that the RFCs give them."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from angarium_webhooks.egress.special_addresses import embedded_ipv4


@pytest.mark.parametrize(
    ("address", "embedded"),
    [
        # RFC 6052, section 2.2, with prefixes of 96, 64, 56 and 48 bits.
        ("64:ff9b:1:1122:33:4455:0a0b:0c0d", ["10.11.12.13"]),
        ("64:ff9b:1:1122:0a:0b0c:0d00:0", ["13.0.0.0", "10.11.12.13"]),
        ("64:ff9b:1:110a:0b:0c0d::", ["0.0.0.0", "11.12.13.0", "10.11.12.13"]),
        ("64:ff9b:1:0a0b:0c:0d00::", ["0.0.0.0", "12.13.0.0", "11.12.13.0", "10.11.12.13"]),
        # The octets after a shorter one are not all zero.
        ("64:ff9b:1:1122:0a:0b0c:0d01:0", ["13.1.0.0"]),
        ("64:ff9b:1:110a:0b:0c0d:0100:0", ["1.0.0.0", "11.12.13.1"]),
        ("64:ff9b:1:0a0b:0c:0d01::", ["0.0.0.0", "12.13.1.0", "11.12.13.1"]),
        ("64:ff9b:1:1122:0a:0b0c:0d00:1", ["13.0.0.1"]),
        ("64:ff9b:2:1122:33:4455:0a0b:0c0d", []),
        ("64:ff9b::10.11.12.13", ["10.11.12.13"]),
        ("::10.11.12.13", ["10.11.12.13"]),
        ("::", []),
        ("::1", []),
        ("::2", ["0.0.0.2"]),
        ("::ffff:10.11.12.13", ["10.11.12.13"]),
        ("::ffff:0:10.11.12.13", ["10.11.12.13"]),
        ("2002:0a0b:0c0d:1122:33:4455:6677:8899", ["10.11.12.13"]),
        ("2001:0:0a0b:0c0d:1122:3344:f5f4:f3f2", ["10.11.12.13", "10.11.12.13"]),
        ("2606:4700::5efe:10.11.12.13", ["10.11.12.13"]),
        ("2606:4700::200:5efe:10.11.12.13", ["10.11.12.13"]),
        ("2606:4700::10.11.12.13", []),
    ],
)
def test_every_ipv4_address_is_found_at_its_place(address: str, embedded: list[str]) -> None:
    assert embedded_ipv4(IPv6Address(address)) == tuple(IPv4Address(each) for each in embedded)

"""What the names of the URL table lead to."""

import re
from collections.abc import Callable

import pytest

PUBLIC = ["93.184.216.34"]
LOOPBACK = ["127.0.0.1"]
NAMES = {
    "localhost": ["::1", "127.0.0.1"],
    "localhost.localdomain": LOOPBACK,
    "ip6-localhost": ["::1"],
    "ip6-loopback": ["::1"],
    "localtest.me": LOOPBACK,
    "lvh.me": LOOPBACK,
    "a.lvh.me": LOOPBACK,
    "spoofed.burpcollaborator.example": LOOPBACK,
    "customer1.app.localhost": LOOPBACK,
    "loopback6.example": ["::1"],
    "half-public.example": ["93.184.216.34", "127.0.0.1"],
    "last-private.example": ["93.184.216.34", "2606:4700::1111", "8.8.8.8", "::1"],
    "private.example": ["10.1.2.3"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "6to4.example": ["2002:7f00:1::1"],
    "isatap.example": ["2606:4700::5efe:7f00:1"],
    "ula.example": ["fd12::1"],
    "zone.example": ["fe80::1%1"],
    "fd00-ec2.example": ["fd00:ec2::254"],
}
_EMBEDDING = re.compile(
    r"(?:.*[.])?([0-9]+)[.-]([0-9]+)[.-]([0-9]+)[.-]([0-9]+)\.(?:nip|sslip)\.io"
)


@pytest.fixture
def addresses_of() -> Callable[[str], list[str]]:
    """A resolver; who is not listed has a public address."""

    def look_up(host: str) -> list[str]:
        embedded = _EMBEDDING.fullmatch(host)
        return [".".join(embedded.groups())] if embedded else NAMES.get(host, PUBLIC)

    return look_up

import socket

import pytest
from angarium_webhooks.egress.host_addresses import look_up, lookup_words


def test_each_address_of_a_host_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver gives an address once for each line of /etc/hosts."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **named: 2 * resolve(*given, **named))
    assert look_up("127.0.0.1") == ["127.0.0.1"]
    assert look_up("::1") == ["::1"]


def test_a_failed_look_up_names_the_host_and_the_reason() -> None:
    assert lookup_words(socket.gaierror(-2, "Name not known"), "a.example") == (
        "a.example: Name not known"
    )
    assert lookup_words(OSError("no resolver"), "a.example") == "a.example: no resolver"

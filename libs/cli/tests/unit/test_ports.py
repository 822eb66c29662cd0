"""Ports: free ones are different, taken ones are named, URLs are reachable."""

import socket

import pytest
from angarium_cli.dev.ports import chosen_port, free_ports, http_url
from angarium_cli.failure import CommandFailed


def test_free_ports_are_different() -> None:
    assert len(set(free_ports(20))) == 20


def test_free_ports_are_none_that_an_outgoing_connection_may_take() -> None:
    assert max(free_ports(20)) < 32_768
    assert chosen_port("127.0.0.1", 0) < 32_768


def test_zero_picks_a_port_and_a_free_one_is_kept() -> None:
    picked = chosen_port("127.0.0.1", 0)

    assert picked > 0
    assert chosen_port("127.0.0.1", picked) == picked


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandFailed, match=rf"port {port} .* taken .*--port 0") as refused:
            chosen_port("127.0.0.1", port)
    assert refused.value.exit_status == 2


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(CommandFailed, match=f"--host {host} is not an address of this machine"):
        chosen_port(host, 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_url_is_one_that_a_client_here_can_use(host: str, url: str) -> None:
    assert http_url(host, 80) == url

"""A diagnosis comes to the verdict of the sender, and names what decides."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.url_diagnosis import UrlDiagnosis, diagnose

RULES = EgressRules.parse(denied_hosts=["*.denied.example"], denied_ports=["25"])
OWN = frozenset({ip_address("93.184.216.34")})


def look(
    url: str,
    *addresses: str,
    rules: EgressRules = RULES,
    own: frozenset[IPv4Address | IPv6Address] = frozenset(),
) -> UrlDiagnosis:
    return diagnose(url, rules, own, lambda _host: list(addresses), allow_http=False)


def test_every_address_of_a_host_gets_its_verdict_and_one_refuses_it() -> None:
    diagnosis = look("https://hooks.example/", "8.8.8.8", "10.0.0.1", "64:ff9b::a00:1")

    assert diagnosis.canonical == "https://hooks.example/"
    assert [(verdict.is_allowed, verdict.network) for verdict in diagnosis.addresses] == [
        (True, "0.0.0.0/0"),
        (False, "10.0.0.0/8"),
        (False, "10.0.0.0/8"),
    ]
    assert diagnosis.refusal == (
        "10.0.0.1 is not allowed: private. Add its network to ANGARIUM_EGRESS_ALLOWED_NETWORKS to"
        " allow it. All addresses of a host must be allowed."
    )


def test_a_host_with_allowed_addresses_only_is_delivered_to() -> None:
    diagnosis = look("https://hooks.example/", "8.8.8.8", "2606:4700::1111")

    assert diagnosis.refusal is None
    assert [verdict.name for verdict in diagnosis.addresses] == ["public", "public"]


def test_a_host_or_port_that_the_operator_denies_is_not_resolved() -> None:
    for url, told in {
        "https://a.denied.example/": "Host a.denied.example is denied by the operator."
        " Remove it from ANGARIUM_EGRESS_DENIED_HOSTS to allow it.",
        "https://hooks.example:25/": "Port 25 is denied by the operator."
        " Remove it from ANGARIUM_EGRESS_DENIED_PORTS to allow it.",
    }.items():
        diagnosis = look(url, "8.8.8.8")
        assert (diagnosis.refusal, diagnosis.addresses) == (told, ())


def test_an_address_of_this_machine_is_refused_until_it_is_named() -> None:
    diagnosis = look("https://93.184.216.34/", own=OWN)
    assert diagnosis.addresses[0].network == "93.184.216.34/32"
    assert diagnosis.refusal == (
        "93.184.216.34 is not allowed: an address of this machine. Add it to"
        " ANGARIUM_EGRESS_ALLOWED_NETWORKS as /32 or /128 to allow it."
    )

    named = look("https://93.184.216.34/", rules=EgressRules.parse(["93.184.216.34/32"]), own=OWN)
    assert named.refusal is None


def test_a_name_that_is_not_found_or_has_no_address_is_refused() -> None:
    def fails(_host: str) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    missing = diagnose("https://nowhere.example/", RULES, (), fails, allow_http=False)
    assert missing.refusal == (
        "The host cannot be resolved: nowhere.example: Name or service not known."
    )
    assert look("https://nowhere.example/").refusal == "The host nowhere.example has no address."


def test_a_url_that_cannot_be_saved_has_no_canonical_form() -> None:
    diagnosis = look("https://a@b.example/")
    assert diagnosis.canonical is None
    assert diagnosis.refusal is not None
    assert "user name" in diagnosis.refusal


def test_a_stream_is_judged_like_a_webhook_where_streams_are_allowed() -> None:
    url = "redis+stream://10.0.0.1/0/orders"

    off = diagnose(url, RULES, (), lambda _host: [], allow_http=False)
    assert off.refusal is not None
    assert "ANGARIUM_STREAM_DESTINATIONS=true" in off.refusal

    diagnosis = diagnose(url, RULES, (), lambda _: [], allow_http=False, allow_streams=True)
    assert diagnosis.canonical == url
    assert diagnosis.conclusion == (
        "Webhooks cannot be delivered to this URL. 10.0.0.1 is not allowed: private. Add its"
        " network to ANGARIUM_EGRESS_ALLOWED_NETWORKS to allow it."
    )

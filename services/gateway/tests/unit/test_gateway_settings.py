"""The gateway's settings that have a form of their own."""

import pytest
from angarium_chassis.http_server.trusted_proxies import TrustedProxies, parse_networks
from angarium_gateway.gateway_limits import limits_of, public_limits
from angarium_gateway.settings import Settings
from pydantic import ValidationError

GIVEN = {"database_url": "sqlite://", "encryption_key": "A" * 43 + "="}


def test_origins_and_proxies_reach_the_gateway_and_its_port() -> None:
    settings = Settings.model_validate(
        GIVEN
        | {
            "cors_origins": "https://app.example.com",
            "trusted_proxies": "10.0.0.0/8",
            "trusted_proxies_header": "forwarded",
        }
    )
    proxies = TrustedProxies(parse_networks("10.0.0.0/8"), "forwarded")
    limits = limits_of(settings)
    assert limits.cors_origins == {"https://app.example.com"}
    assert limits.proxies == public_limits(settings).proxies == proxies


def test_without_them_no_origin_is_allowed_and_no_proxy_trusted() -> None:
    settings = Settings.model_validate(GIVEN)
    assert limits_of(settings).cors_origins == frozenset()
    assert not public_limits(settings).proxies.trusts("127.0.0.1")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("cors_origins", "app.example.com", "is no origin"),
        ("trusted_proxies", "10.0.0.1/8", "is no network"),
        ("trusted_proxies_header", "x-real-ip", "forwarded"),
    ],
)
def test_a_bad_value_is_refused_and_named(name: str, text: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate(GIVEN | {name: text})

"""The gateway's settings that have a form of their own."""

from pathlib import Path

import pytest
from angarium_chassis.http_server.trusted_proxies import TrustedProxies, parse_networks
from angarium_chassis.process import StartRefused
from angarium_chassis.settings import SettingsRefused
from angarium_gateway.gateway_limits import limits_of, public_limits
from angarium_gateway.public_certificate import public_certificate
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


CONTRADICTIONS = {
    "ANGARIUM_TLS_KEY_FILE": ("/tls.key", "ANGARIUM_TLS_CERTIFICATE_FILE"),
    "ANGARIUM_TLS_KEY_PASSWORD": ("secret", "ANGARIUM_TLS_CERTIFICATE_FILE"),
    "ANGARIUM_TRACE_HEADERS": ("authorization=secret", "ANGARIUM_TRACE_ENDPOINT"),
    "ANGARIUM_TRUSTED_PROXIES_HEADER": ("forwarded", "ANGARIUM_TRUSTED_PROXIES"),
    "ANGARIUM_OIDC_CLIENT_ID": ("console", "ANGARIUM_OIDC_ISSUER"),
    "ANGARIUM_OIDC_CLIENT_SECRET": ("secret", "ANGARIUM_OIDC_ISSUER"),
    "ANGARIUM_OIDC_ROLES": ("a=admin", "ANGARIUM_OIDC_ISSUER"),
}


@pytest.mark.parametrize("variable", CONTRADICTIONS)
def test_a_setting_without_the_one_that_it_needs_stops_the_start(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", "sqlite:///a.db")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "a-key")
    value, needed = CONTRADICTIONS[variable]
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsRefused) as refused:
        Settings.load("gateway")

    assert str(refused.value).startswith(f"{variable} has no effect without {needed};")
    assert "secret" not in str(refused.value)


def test_limits_of_a_part_are_not_larger_than_those_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", "sqlite:///a.db")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "a-key")
    for part, whole in Settings.at_most.items():
        monkeypatch.setenv(f"ANGARIUM_{part.upper()}", "20")
        monkeypatch.setenv(f"ANGARIUM_{whole.upper()}", "10")

    with pytest.raises(SettingsRefused) as refused:
        Settings.load("gateway")

    assert len(str(refused.value).splitlines()) == len(Settings.at_most)


def test_a_certificate_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    settings = Settings.model_validate(GIVEN | {"tls_certificate_file": str(tmp_path / "none.crt")})

    with pytest.raises(StartRefused, match=r"^ANGARIUM_TLS_CERTIFICATE_FILE: .*none\.crt cannot"):
        public_certificate(settings)
    assert public_certificate(Settings.model_validate(GIVEN)) is None

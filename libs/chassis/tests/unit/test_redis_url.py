from pathlib import Path

import pytest
import trustme
from angarium_chassis.process import StartRefused
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.redis_url import check_redis_url

HOST = "user:hunter2@redis.example:6380/0"


@pytest.mark.parametrize(
    "url",
    [
        f"redis://{HOST}",
        f"rediss://{HOST}?ssl_check_hostname=false",
        "unix:///run/redis.sock?db=3",
        "redis://[::1]:6379",
    ],
)
def test_urls_of_redis_are_taken(url: str) -> None:
    check_redis_url(url)


def test_files_of_certificates_are_read(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("client")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    issued.private_key_pem.write_to_path(tmp_path / "tls.key")
    query = f"ssl_ca_certs={tmp_path}/ca.pem&ssl_certfile={tmp_path}/tls.crt"

    check_redis_url(f"rediss://{HOST}?{query}&ssl_keyfile={tmp_path}/tls.key")
    with pytest.raises(ValueError, match=r"ssl_keyfile: .*tls.crt has no private key in PEM"):
        check_redis_url(f"rediss://{HOST}?{query}")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://host:many", "it cannot be read"),
        (f"http://{HOST}", "it must begin with redis://, rediss:// (with TLS) or unix://"),
        (f"redis://{HOST}?ssl_ca_certs=/ca.pem", "ssl_ca_certs needs rediss://"),
        (f"rediss://{HOST}?ssl_ca_cert=/ca.pem", "did you mean ssl_ca_certs?"),
        (f"rediss://{HOST}?colour=red", "the parameter colour is not supported; remove it"),
        (f"rediss://{HOST}?db=1&db=2", "the parameter db is given more than once"),
        (f"rediss://{HOST}?ssl_cert_reqs=maybe", "must be one of required, optional, none"),
        (f"rediss://{HOST}?ssl_keyfile=/k.pem", "need ssl_certfile"),
        (f"rediss://{HOST}?ssl_ca_certs=/none/ca.pem", "ssl_ca_certs: /none/ca.pem cannot be read"),
    ],
)
def test_what_cannot_be_used_stops_the_start_and_names_the_setting(url: str, told: str) -> None:
    with pytest.raises(StartRefused) as refused:
        open_broker(url)

    assert str(refused.value).startswith("ANGARIUM_REDIS_URL: ")
    assert told in str(refused.value)
    assert "hunter2" not in str(refused.value)

from pathlib import Path

import pytest
import trustme
from angarium_chassis.process import StartRefused
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.redis_url import (
    ClusterNodes,
    SentinelService,
    check_redis_url,
    read_redis_url,
)

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
        ("redis://a:1,b:2/0", "several hosts need redis+cluster:// or redis+sentinel://"),
        ("redis+cluster://u:hunter2@a:1,b:x", "its hosts cannot be read; expected redis+cluster"),
        ("redis+cluster://u:hunter2@", "its hosts cannot be read"),
        ("redis+cluster://u:hunter2@a/3", "a cluster has the database 0 only"),
        ("redis+cluster://u:hunter2@a?db=3", "a cluster has the database 0 only"),
        ("redis+cluster://a?ssl_ca_certs=/ca.pem", "ssl_ca_certs needs rediss+cluster://"),
        ("redis+cluster://a?sentinel_password=hunter2", "sentinel_password is not supported"),
        ("redis+sentinel://u:hunter2@a,b", "it names no service of Sentinel"),
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


def test_a_cluster_is_read_with_all_its_nodes() -> None:
    address = read_redis_url("rediss+cluster://user:p%40ss@a,[::1]:7000,c:7001/?client_name=x")
    assert address == ClusterNodes(
        "rediss://user:p%40ss@a:6379?client_name=x", (("a", 6379), ("::1", 7000), ("c", 7001))
    )
    assert "p%40ss" not in repr(address)


def test_a_service_of_sentinel_has_credentials_of_its_own() -> None:
    address = read_redis_url("redis+sentinel://:secret@a,b:9/main?db=2&sentinel_password=other")
    assert address == SentinelService(
        "redis://:secret@a:26379?db=2", (("a", 26379), ("b", 9)), "main", {"password": "other"}
    )
    assert "secret" not in repr(address)
    assert "other" not in repr(address)

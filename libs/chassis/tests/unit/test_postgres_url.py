import ssl
from typing import Any

import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.database.postgres_url import (
    DIRECT,
    SSL_MODES,
    PoolerOptions,
    connect_arguments,
    pooler_options,
)
from angarium_chassis.process import StartRefused
from sqlalchemy import make_url

URL = "postgresql://user:hunter2@db.example/angarium"


def arguments(query: str) -> dict[str, Any]:
    url, found = connect_arguments(make_url(f"{URL}?{query}"))
    assert url.query == {}
    return found


@pytest.mark.parametrize("mode", SSL_MODES)
def test_every_sslmode_is_asyncpgs(mode: str) -> None:
    assert arguments(f"sslmode={mode}") == {"dsn": f"postgresql://?sslmode={mode}"}
    assert arguments(f"ssl={mode}") == {"dsn": f"postgresql://?sslmode={mode}"}


def test_files_of_certificates_go_along() -> None:
    query = "sslmode=verify-full&sslrootcert=%2Fca.pem&sslcert=%2Fc.pem&sslkey=%2Fk.pem"

    assert arguments(query) == {"dsn": f"postgresql://?{query}"}


def test_the_systems_authorities_are_asked_for_by_name() -> None:
    for query in ("sslrootcert=system", "sslrootcert=system&sslmode=verify-full"):
        (context,) = arguments(query).values()
        assert isinstance(context, ssl.SSLContext)
        assert context.check_hostname


def test_further_parameters_of_libpq_are_translated() -> None:
    assert arguments("connect_timeout=7&application_name=a%20b&target_session_attrs=primary") == {
        "timeout": 7,
        "server_settings": {"application_name": "a b"},
        "target_session_attrs": "primary",
    }


def test_a_url_without_parameters_is_left_alone() -> None:
    assert connect_arguments(make_url(URL)) == (make_url(URL), {})


def test_several_hosts_are_sqlalchemys() -> None:
    url = make_url("postgresql://u@/d?host=a:1&host=b:2&sslmode=require")

    assert connect_arguments(url)[0].query == {"host": ("a:1", "b:2")}


def test_a_pooler_is_named_by_the_url() -> None:
    def options(query: str) -> PoolerOptions:
        return pooler_options(make_url(f"{URL}{query}"))

    assert options("") == DIRECT
    assert options("?pooler=transaction") == PoolerOptions(is_used=True)
    assert options("?pooler=transaction&prepared_statements=yes") == PoolerOptions(is_used=True)
    assert options("?pooler=transaction&prepared_statements=no") == PoolerOptions(
        is_used=True, keeps_prepared=False
    )
    assert arguments("pooler=transaction&prepared_statements=no") == {}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sslmode=required", "sslmode must be one of disable, allow, prefer, require, verify-ca"),
        ("sslmode=", "nothing"),
        ("ssl=true", "sslmode must be one of"),
        ("sslmod=require", "sslmod is not supported; did you mean sslmode?"),
        ("channel_binding=require", "channel_binding is not supported; remove it"),
        ("options=-c%20jit%3Doff", "options is not supported"),
        ("sslmode=require&sslmode=disable", "sslmode is given more than once"),
        ("sslmode=require&ssl=disable", "sslmode is given more than once"),
        ("connect_timeout=soon", "connect_timeout must be a number of seconds from 1 to 600"),
        ("pooler=session", "pooler must be transaction"),
        ("pooler=transaction&prepared_statements=0", "prepared_statements must be yes or no"),
        ("prepared_statements=no", "prepared_statements=no needs pooler=transaction"),
        ("sslrootcert=system&sslmode=require", "sslrootcert=system goes with sslmode=verify-full"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(query: str, told: str) -> None:
    if told == "nothing":  # SQLAlchemy drops parameters without a value.
        assert arguments(query) == {}
        return
    with pytest.raises(StartRefused) as refused:
        open_database(f"{URL}?{query}")

    assert told in str(refused.value)
    assert str(refused.value).startswith("the database URL: ")
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_an_sqlite_url_takes_no_parameters() -> None:
    with pytest.raises(StartRefused, match="an SQLite URL takes no parameters"):
        open_database("sqlite:///a.db?mode=ro")

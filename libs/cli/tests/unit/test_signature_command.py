"""`angarium signature` against the reference implementation of Standard Webhooks."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from angarium_cli.main import main
from angarium_signing import PrivateKey
from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0" * 4
BODY = b'{"amount":  5.00 }\n'

type Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    (tmp_path / "body").write_bytes(BODY)
    monkeypatch.chdir(tmp_path)

    def run_command(verb: str, *arguments: str, secret: str = SECRET) -> tuple[int, str, str]:
        monkeypatch.setenv("WEBHOOK_SECRET", secret)
        monkeypatch.setattr(sys, "argv", ["angarium", "signature", verb, *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_command


def headers_of(out: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in out.splitlines())


def options(headers: dict[str, str]) -> list[str]:
    return [each for name, value in headers.items() for each in ("-H", f"{name}: {value}")]


def test_what_it_signs_the_reference_verifies(run: Run) -> None:
    status, out, _ = run("sign", "body", "--id", "msg_1")

    assert status == 0
    Webhook(SECRET).verify(BODY.decode(), headers_of(out))


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_what_the_reference_signs_it_verifies(run: Run, prefix: str) -> None:
    now = datetime.now(UTC)
    headers = {
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": str(int(now.timestamp())),
        f"{prefix}-signature": Webhook(SECRET).sign("msg_1", now, BODY.decode()),
    }

    assert run("verify", "body", *options(headers))[0] == 0


def test_a_key_pair_signs_and_its_public_key_verifies(run: Run, tmp_path: Path) -> None:
    key = PrivateKey(bytes(range(32)))
    _, out, _ = run("sign", "body", "--id", "msg_1", "--svix", secret=key.reveal())
    (tmp_path / "keys").write_text(f"{SECRET}\n{key.public_key.text}\n")

    status, _, err = run(
        "verify", "body", *options(headers_of(out)), "--secret-file", "keys", secret=""
    )

    assert (status, err) == (0, "")
    assert run("sign", "body", "--id", "m", secret=key.public_key.text)[0] == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"webhook-id": "msg_2"}, "byte for byte"),
        ({"webhook-timestamp": "1700000000"}, "check the clock"),
        ({"webhook-signature": ""}, "header webhook-signature is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_cause(run: Run, change: dict[str, str], told: str) -> None:
    headers = headers_of(run("sign", "body", "--id", "msg_1")[1])

    status, out, err = run("verify", "body", *options(headers | change))

    assert (status, out) == (1, "")
    assert told in err
    assert SECRET not in err


def test_an_old_request_is_verified_if_asked(run: Run) -> None:
    headers = headers_of(run("sign", "body", "--id", "msg_1", "--timestamp", "1700000000")[1])

    assert run("verify", "body", *options(headers))[0] == 1
    assert run("verify", "body", *options(headers), "--any-age")[0] == 0


@pytest.mark.parametrize("secret", ["", "whsec_%%%", "other"])
def test_a_secret_that_is_none_is_refused_without_showing_it(run: Run, secret: str) -> None:
    status, _, err = run("sign", "body", "--id", "msg_1", secret=secret)

    assert status == 2
    assert "%%%" not in err

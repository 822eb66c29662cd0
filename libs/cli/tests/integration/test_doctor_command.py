"""`angarium doctor url`: the verdict on a URL, the rule that decides it, the exit status."""

import sys
from collections.abc import Callable

import pytest
from angarium_cli.main import main

type Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `angarium doctor url <url>` under these settings; gives status, output, errors."""

    def run_command(url: str, **settings: str) -> tuple[int, str, str]:
        for name, value in settings.items():
            monkeypatch.setenv(f"ANGARIUM_{name.upper()}", value)
        monkeypatch.setattr(sys, "argv", ["angarium", "doctor", "url", url])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_command


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://8.8.8.8/hook", "8.8.8.8  allowed: 0.0.0.0/0, public"),
        ("https://[2606:4700::1111]", "2606:4700::1111  allowed: 2000::/3, public"),
    ],
)
def test_a_url_that_would_be_delivered_to_is_exit_0(run: Run, url: str, told: str) -> None:
    status, out, err = run(url)

    assert (status, err) == (0, "")
    assert told in out
    assert out.endswith("Webhooks can be delivered to this URL.\n")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://10.1.2.3/", "10.1.2.3  refused: 10.0.0.0/8, private"),
        ("https://169.254.169.254/", "169.254.0.0/16, link-local, cloud metadata service"),
        ("https://[64:ff9b::a00:1]/", "10.0.0.0/8, embeds 10.0.0.1: private"),
        ("https://[2606:4700::5efe:808:808]/", "refused: ISATAP"),
        ("https://localhost/", "127.0.0.0/8, loopback"),
        ("https://2130706433/", "a number that is not a plain IPv4 address"),
        ("https://user:hunter2@example.com/", "user name or password"),
        ("http://example.com/", "https only"),
        ("https://nowhere.invalid/", "cannot be resolved: nowhere.invalid"),
        ("", "The URL is empty"),
    ],
)
def test_a_url_that_would_not_be_delivered_to_is_exit_1_and_says_why(
    run: Run, url: str, told: str
) -> None:
    status, out, err = run(url)

    assert (status, err) == (1, "")
    assert told in out
    assert "Webhooks cannot be delivered to this URL." in out
    assert "hunter2" not in out


def test_the_operators_settings_decide(run: Run) -> None:
    status, out, _ = run("https://10.1.2.3/", egress_allowed_networks="10.0.0.0/8")
    assert status == 0
    assert "10.1.2.3  allowed: 10.0.0.0/8, allowed by the operator" in out

    status, out, _ = run("https://10.1.2.3/", egress_denied_networks="10.1.0.0/16")
    assert status == 1
    assert "10.1.2.3  refused: 10.1.0.0/16, denied by the operator" in out
    assert "ANGARIUM_EGRESS_DENIED_NETWORKS" in out

    status, out, _ = run("http://8.8.8.8/", allow_http_endpoints="true")
    assert status == 0

    status, out, _ = run("https://8.8.8.8:25/", egress_denied_ports="25")
    assert status == 1
    assert "Port 25 is denied by the operator." in out

    status, out, _ = run("https://8.8.8.8/", egress_allowed_hosts="*.example.com")
    assert status == 1
    assert "Host 8.8.8.8 is not among those that the operator allows." in out


def test_a_proxy_is_named_without_its_password(run: Run) -> None:
    status, out, _ = run(
        "https://8.8.8.8/", egress_proxy_url="http://angarium:hunter2@proxy.internal:3128"
    )

    assert status == 0
    assert "proxy      proxy.internal:3128" in out
    assert "hunter2" not in out


def test_settings_that_are_wrong_are_one_line_and_exit_2(run: Run) -> None:
    status, out, err = run("https://8.8.8.8/", egress_allowed_networks="10.0.0.1/8")

    assert (status, out) == (2, "")
    assert "ANGARIUM_EGRESS_ALLOWED_NETWORKS" in err

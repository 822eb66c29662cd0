"""`angarium mcp` without what it needs."""

import sys

import pytest
from angarium_cli.main import main


def test_without_the_sdk_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("angarium_cli.mcp_server")]:
        monkeypatch.delitem(sys.modules, name)
    # Other tests may have imported it already.
    for name in ["mcp", *[name for name in sys.modules if name.startswith("mcp.")]]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "argv", ["angarium", "mcp"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "pip install 'angarium-cli[mcp]'" in capsys.readouterr().err


def test_without_a_login_it_ends_before_it_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for variable in ("ANGARIUM_URL", "ANGARIUM_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "argv", ["angarium", "mcp"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 5
    assert "angarium login" in capsys.readouterr().err
